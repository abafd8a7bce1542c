// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_pipeline.h"

#include <filesystem>
#include <utility>

#include "worker/pipelines/model_settings.h"
#include "worker/pipelines/torch_options.h"
#include "worker/samplers/registry.h"

namespace hanga {

absl::Status DescribeLatentModel(const ModelLayout& layout, const LatentModel& model,
                                 ModelFacts* facts) {
  facts->family = std::string(layout.family->name);
  facts->parameters = model.parameters();
  facts->weight_bytes = model.stored_bytes();
  facts->limits.capabilities = {"init_image",       "mask",  "clip_skip", "guidance_start",
                                "guidance_rescale", "loras", "embeddings"};
  if (!model.takes_mask()) facts->limits.capabilities.push_back("second_pass");
  model.Describe(facts);
  facts->limits.samplers = AcceptedSamplers(model.sampler_kind());
  facts->defaults.sampler = SamplerOfConfig(model.sampler_kind(), model.scheduler);
  if (!layout.settings) return absl::OkStatus();
  return ApplyModelSettings(*layout.settings, &facts->limits, &facts->defaults);
}

absl::StatusOr<std::unique_ptr<LatentPipeline>> LatentPipeline::Open(const ModelLayout& layout,
                                                                     const LoadOptions& options) {
  std::unique_ptr<LatentPipeline> pipeline(new LatentPipeline());
  LatentPipeline& p = *pipeline;
  const absl::StatusOr<at::Device> device = ParseDevice(options.device);
  if (!device.ok()) return device.status();
  const absl::StatusOr<at::ScalarType> type = ParseDtype(options.dtype, *device);
  if (!type.ok()) return type.status();
  if (options.weights != "auto" && options.weights != "") {
    return absl::FailedPreconditionError("weights: models of this family take no 8-bit weights");
  }
  p.device_ = *device;
  absl::StatusOr<std::unique_ptr<LatentModel>> model = OpenLatentModel(layout);
  if (!model.ok()) return model.status();
  p.model_ = *std::move(model);
  if (absl::Status s = DescribeLatentModel(layout, *p.model_, &p.facts_); !s.ok()) return s;
  if (absl::Status s = p.model_->Merge(layout, *type); !s.ok()) return s;
  p.fingerprint_ = p.model_->Fingerprint();
  p.model_name_ = std::filesystem::path(layout.root).filename().string();
  p.model_->ComputeIn(*device, *type);
  if (absl::Status s = p.model_->ReadProducts(options.tune); !s.ok()) return s;
  const absl::Status loaded =
      options.group == nullptr ? p.LoadWeights(options) : p.LoadInGroup(options);
  if (!loaded.ok()) return loaded;
  p.inversions_ = std::make_unique<InversionShelf>(layout.embedding_folder);
  p.adapters_ = std::make_unique<ModelAdapters>(layout, p.model_->parts(), *device, *type);
  return pipeline;
}

absl::StatusOr<std::unique_ptr<Pipeline>> LatentPipeline::Load(const ModelLayout& layout,
                                                               const LoadOptions& options) {
  return Open(layout, options);
}

}  // namespace hanga
