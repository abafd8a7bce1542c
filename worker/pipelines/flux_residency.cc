// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A FLUX model whose blocks are where a plan wants them.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/flux_model.h"
#include "worker/profile/plan_tiers.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

// Networks by the name under which they run, and the plan's component that they belong to.
struct FluxNetwork {
  std::string name, component, part;
  std::vector<BlockWeights*> blocks;
};

std::vector<FluxNetwork> NetworksOf(const FluxModel& m) {
  return {{"text_encoder", "text_encoder", "text_encoder", m.clip.Weights()},
          {"text_encoder_2", "text_encoder_2", "text_encoder_2", m.t5.Weights()},
          {"conditioning", "conditioning", "transformer", m.conditioning.Weights()},
          {"transformer", "transformer", "transformer", m.transformer.Weights()},
          {"vae_encoder", "vae", "vae", m.encoder.Weights()},
          {"vae_decoder", "vae", "vae", m.decoder.Weights()}};
}

}  // namespace

absl::Status FluxModel::LoadPlanned(const placement::GroupPlan& plan, at::Device device,
                                    WeightStorage storage, const ResidencyLimits& limits) {
  Unload();
  std::map<std::string, std::shared_ptr<const WeightSource>> sources;
  for (const ModelPart& part : parts_) {
    sources[part.name] = std::make_shared<CheckpointWeights>(part.source);
  }
  std::map<std::string, uint64_t> makes_room;
  for (const placement::ComponentPlan& component : plan.components) {
    makes_room[component.component] = component.evicted_bytes;
  }
  std::vector<NetworkPlacement> networks;
  for (FluxNetwork& network : NetworksOf(*this)) {
    absl::StatusOr<BlockTiers> where = TiersOf(plan, network.component, network.blocks);
    if (!where.ok()) return where.status();
    networks.push_back({network.name, std::move(network.blocks), *std::move(where),
                        sources.at(network.part), makes_room[network.component],
                        network.name == "transformer"});
  }
  absl::StatusOr<std::unique_ptr<ModelResidency>> loaded = absl::UnknownError("not loaded");
  const absl::Status guarded = RunGuarded("loading", [&] {
    loaded = ModelResidency::Load(std::move(networks), plan.ranks.front().device, device, storage,
                                  limits);
  });
  if (!guarded.ok()) return guarded;
  if (!loaded.ok()) return loaded.status();
  weights_ = *std::move(loaded);
  return absl::OkStatus();
}

void FluxModel::Unload() {
  ++loads_;
  weights_.reset();
  for (ModelPart& part : parts_) UnloadBlocks(part.blocks);
  resident_bytes_ = 0;
}

uint64_t FluxModel::Evict(uint64_t bytes) {
  if (weights_ == nullptr) return 0;
  const uint64_t before = weights_->device_bytes();
  // Where one has no room elsewhere, what was moved before it is given back all the same.
  RunGuarded("evicting", [&] { weights_->Evict(bytes).IgnoreError(); }).IgnoreError();
  return before - weights_->device_bytes();
}

absl::StatusOr<ResidentBlocks*> FluxModel::Enter(const std::string& network) const {
  absl::StatusOr<ResidentBlocks*> placed = absl::UnknownError("not entered");
  const absl::Status guarded = RunGuarded(network, [&] { placed = weights_->Enter(network); });
  if (!guarded.ok()) return guarded;
  return placed;
}

absl::StatusOr<bool> FluxModel::EnterResident(const std::string& network, size_t blocks) const {
  if (weights_ == nullptr) return false;
  const absl::StatusOr<ResidentBlocks*> placed = Enter(network);
  if (!placed.ok()) return placed.status();
  if (!(*placed)->all_resident()) return false;
  // Blocks that were brought back a moment ago may still be arriving.
  const absl::Status arrived = RunGuarded(network, [&] {
    for (size_t i = 0; i < blocks; ++i) (*placed)->Acquire(i);
  });
  if (!arrived.ok()) return arrived;
  return true;
}

uint64_t FluxModel::moves() const {
  constexpr int kLoadBits = 48;  // above what restored bytes count to
  return (loads_ << kLoadBits) + (weights_ == nullptr ? 0 : weights_->counters().restored_bytes);
}

}  // namespace hanga
