// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_group.h"

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/torch_options.h"

namespace hanga {

std::unique_ptr<GroupNetworks> LatentModel::Shared() const {
  std::vector<Network> networks = Networks();
  networks.push_back(NetworkOf("vae_encoder", "vae", "vae", encoder_));
  networks.push_back(NetworkOf("vae_decoder", "vae", "vae", decoder_));
  return std::make_unique<GroupNetworks>(std::move(networks), parts_);
}

absl::StatusOr<placement::Plan> LatentModel::Lead(std::shared_ptr<DeviceGroup> group,
                                                  const std::string& deployment,
                                                  const placement::ModelProfile& profile,
                                                  const PlacementLevers& levers) {
  std::unique_ptr<GroupNetworks> shared = Shared();
  absl::StatusOr<placement::Plan> plan =
      shared->Lead(std::move(group), deployment, profile, levers, Storage());
  if (!plan.ok()) return plan.status();
  shared_ = std::move(shared);
  return plan;
}

absl::Status LatentPipeline::LoadInGroup(const LoadOptions& options) {
  const placement::ModelProfile profile = ProfileOf(model_name_, *model_, facts_.defaults);
  // Every group of this program is one of devices.
  absl::StatusOr<placement::Plan> plan =
      model_->Lead(std::static_pointer_cast<DeviceGroup>(options.group), options.deployment,
                   profile, options.placement);
  if (!plan.ok()) return plan.status();
  group_plan_ = *std::move(plan);
  return absl::OkStatus();
}

absl::Status LatentPipeline::Launch(Generation& generation) {
  auto& g = static_cast<LatentGeneration&>(generation);
  if (g.done()) return absl::FailedPreconditionError("the generation has no step left");
  if (g.enlarges()) return absl::OkStatus();  // this rank does it alone, when it lands
  Row row;
  const absl::Status gathered = RunGuarded("denoiser", [&] { row = GatherRow(&g); });
  if (!gathered.ok()) return gathered;
  const absl::StatusOr<uint64_t> ticket =
      model_->shared()->Launch(model_->denoiser(), std::move(row));
  if (!ticket.ok()) return ticket.status();
  g.trip = GroupTrip(model_->shared(), *ticket);
  return absl::OkStatus();
}

absl::Status LatentPipeline::Land(Generation& generation) {
  auto* g = static_cast<LatentGeneration*>(&generation);
  if (g->enlarges()) return Enlarge({&g, 1});
  absl::StatusOr<Row> row = g->trip.Await();
  if (!row.ok()) return row.status();
  at::Tensor output;
  const absl::Status guided =
      RunGuarded("denoiser", [&] { output = GuidedOutput(g, *std::move(row)); });
  if (!guided.ok()) return guided;
  const absl::Status advanced = Advance({&g, 1}, output);
  if (g->enlarges()) g->UpdateKey();
  return advanced;
}

absl::StatusOr<std::unique_ptr<RankPart>> LoadLatentPart(const ModelLayout& layout,
                                                         const LoadOptions& options,
                                                         const placement::Plan& plan, int rank) {
  const absl::StatusOr<at::Device> device = ParseDevice(options.device);
  if (!device.ok()) return device.status();
  const absl::StatusOr<at::ScalarType> type = ParseDtype(options.dtype, *device);
  if (!type.ok()) return type.status();
  absl::StatusOr<std::unique_ptr<LatentModel>> opened = OpenLatentModel(layout);
  if (!opened.ok()) return opened.status();
  const std::shared_ptr<LatentModel> model = *std::move(opened);
  model->ComputeIn(*device, *type);
  if (absl::Status s = model->Merge(layout, *type); !s.ok()) return s;
  return LoadGroupPart(model, model->Shared(), plan, rank, model->Storage());
}

}  // namespace hanga
