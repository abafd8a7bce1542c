// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_group.h"

#include <utility>

#include "worker/pipelines/flux_model.h"
#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/torch_options.h"

namespace hanga {
namespace {

PartStorage StorageOf(at::Device device, WeightStorage storage) {
  return {device, /*packed=*/false, [storage](const std::string&) { return storage; }};
}

}  // namespace

std::unique_ptr<GroupNetworks> FluxModel::Shared() const {
  return std::make_unique<GroupNetworks>(
      std::vector<Network>{NetworkOf("text_encoder", "text_encoder", "text_encoder", clip),
                           NetworkOf("text_encoder_2", "text_encoder_2", "text_encoder_2", t5),
                           NetworkOf("conditioning", "conditioning", "transformer", conditioning),
                           NetworkOf("transformer", "transformer", "transformer", transformer),
                           NetworkOf("vae_encoder", "vae", "vae", encoder),
                           NetworkOf("vae_decoder", "vae", "vae", decoder)},
      parts_);
}

absl::Status FluxPipeline::LoadInGroup(const LoadOptions& options) {
  const placement::ModelProfile profile =
      ProfileOf(model_name_, ArchitectureOf(*model_), facts_.defaults, storage_);
  std::unique_ptr<GroupNetworks> shared = model_->Shared();
  // Every group of this program is one of devices.
  absl::StatusOr<placement::Plan> plan =
      shared->Lead(std::static_pointer_cast<DeviceGroup>(options.group), options.deployment,
                   profile, options.placement, StorageOf(device_, storage_));
  if (!plan.ok()) return plan.status();
  model_->Share(std::move(shared));
  group_plan_ = *std::move(plan);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RankPart>> LoadFluxPart(const ModelLayout& layout,
                                                       const LoadOptions& options,
                                                       const placement::Plan& plan, int rank) {
  const absl::StatusOr<at::Device> device = ParseDevice(options.device);
  if (!device.ok()) return device.status();
  const absl::StatusOr<at::ScalarType> type = ParseDtype(options.dtype, *device);
  if (!type.ok()) return type.status();
  const absl::StatusOr<WeightStorage> storage = ParseWeights(options.weights, *type);
  if (!storage.ok()) return storage.status();
  absl::StatusOr<std::unique_ptr<FluxModel>> opened = FluxModel::Open(layout);
  if (!opened.ok()) return opened.status();
  const std::shared_ptr<FluxModel> model = *std::move(opened);
  if (absl::Status s = model->Merge(layout, *type); !s.ok()) return s;
  return LoadGroupPart(model, model->Shared(), plan, rank, StorageOf(*device, *storage));
}

}  // namespace hanga
