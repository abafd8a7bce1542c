// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_pipeline.h"

#include <filesystem>
#include <utility>

#include "worker/pipelines/flux_placement.h"
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
  p.device_name_ = options.device;
  p.model_name_ = std::filesystem::path(layout.root).filename().string();
  p.levers_ = options.placement;

  absl::StatusOr<std::unique_ptr<FluxModel>> model = FluxModel::Open(layout);
  if (!model.ok()) return model.status();
  p.model_ = *std::move(model);
  if (absl::Status s = DescribeFlux(layout, *p.model_, &p.facts_); !s.ok()) return s;
  absl::StatusOr<std::unique_ptr<FluxTextEncoder>> text =
      FluxTextEncoder::Load(layout, *p.model_, p.device_);
  if (!text.ok()) return text.status();
  p.text_encoder_ = *std::move(text);
  p.fingerprint_ = p.model_->Fingerprint();
  if (p.device_.is_cuda()) {
    const absl::Status read = RunGuarded("loading", [&] {
      p.products_.emplace(DefaultCacheFolder());
      p.products_->Read();
    });
    if (!read.ok()) return read;
  }
  if (absl::Status s = p.LoadWeights(); !s.ok()) return s;
  return pipeline;
}

absl::Status FluxPipeline::LoadWeights() {
  const bool asked = !(levers_ == PlacementLevers());
  // A CPU device computes where the weights are mapped: without a lever there is nothing to plan.
  if (!asked && device_.is_cpu()) return model_->Load(device_, storage_);
  const placement::ModelProfile profile =
      ProfileOf(model_name_, ArchitectureOf(*model_), facts_.defaults, storage_);
  absl::StatusOr<placement::Plan> plan = PlanFlux(profile, device_name_, levers_);
  if (!plan.ok()) return plan.status();
  plan_ = *std::move(plan);
  return model_->LoadPlanned(plan_->groups.front(), device_, storage_, LimitsOf(*plan_));
}

bool FluxPipeline::MakeRoom() {
  constexpr uint64_t kMoreReserveBytes = uint64_t{1} << 30;
  constexpr int kTries = 4;
  if (!plan_ || device_.is_cpu() || rooms_made_ == kTries) return false;
  ++rooms_made_;
  const PlacementLevers before = levers_;
  levers_.reserve_vram_bytes += kMoreReserveBytes;
  if (LoadWeights().ok()) return true;
  levers_ = before;
  LoadWeights().IgnoreError();  // as it was; if even that fails, every step will say so
  return false;
}

std::string FluxPipeline::DescribePlacement() const {
  constexpr int kColumns = 100;
  return plan_ ? placement::RenderPlanText(*plan_, kColumns) : "";
}

absl::StatusOr<std::unique_ptr<Pipeline>> FluxPipeline::Load(const ModelLayout& layout,
                                                             const LoadOptions& options) {
  return Open(layout, options);
}

}  // namespace hanga
