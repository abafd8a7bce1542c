// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_pipeline.h"

#include <filesystem>
#include <utility>

#include "worker/pipelines/torch_errors.h"
#include "worker/pipelines/torch_options.h"
#include "worker/profile/topology_probe.h"
#include "worker/samplers/flow_schedule.h"

namespace hanga {

absl::StatusOr<std::unique_ptr<FluxPipeline>> FluxPipeline::Open(const ModelLayout& layout,
                                                                 const LoadOptions& options) {
  std::unique_ptr<FluxPipeline> pipeline(new FluxPipeline());
  FluxPipeline& p = *pipeline;
  const absl::StatusOr<at::Device> device = ParseDevice(options.device);
  if (!device.ok()) return device.status();
  const absl::StatusOr<at::ScalarType> type = ParseDtype(options.dtype, *device);
  if (!type.ok()) return type.status();
  p.device_ = *device;
  p.type_ = *type;
  const absl::StatusOr<WeightStorage> storage = ParseWeights(options.weights, *type);
  if (!storage.ok()) return storage.status();
  p.storage_ = *storage;
  p.model_name_ = std::filesystem::path(layout.root).filename().string();
  if (options.measured_folder) {
    p.measured_folder_ = *options.measured_folder;
  } else if (p.device_.is_cuda()) {
    p.measured_folder_ = DefaultCacheFolder();
  }
  absl::StatusOr<std::unique_ptr<FluxModel>> model = FluxModel::Open(layout);
  if (!model.ok()) return model.status();
  p.model_ = *std::move(model);
  if (absl::Status s = DescribeFlux(layout, *p.model_, &p.facts_); !s.ok()) return s;
  absl::StatusOr<std::unique_ptr<FluxTextEncoder>> text =
      FluxTextEncoder::Load(layout, *p.model_, p.device_);
  if (!text.ok()) return text.status();
  p.text_encoder_ = *std::move(text);
  if (absl::Status s = p.model_->Merge(layout, *type); !s.ok()) return s;
  p.fingerprint_ = p.model_->Fingerprint();
  p.adapters_ = std::make_unique<ModelAdapters>(layout, p.model_->parts(), p.device_, *type);
  if (p.device_.is_cuda()) {
    const absl::Status read = RunGuarded("loading", [&] {
      p.products_.emplace(DefaultCacheFolder(), options.tune);
      p.products_->Read();
    });
    if (!read.ok()) return read;
  }
  const absl::Status loaded =
      options.group == nullptr ? p.LoadWeights(options) : p.LoadInGroup(options);
  if (!loaded.ok()) return loaded;
  return pipeline;
}

absl::StatusOr<std::unique_ptr<Pipeline>> FluxPipeline::Load(const ModelLayout& layout,
                                                             const LoadOptions& options) {
  return Open(layout, options);
}

}  // namespace hanga
