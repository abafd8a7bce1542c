// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/placed_weights.h"

#include <utility>

#include "worker/profile/plan_tiers.h"

namespace hanga {

absl::Status PlacedWeights::Load(std::vector<PlannedNetwork> networks,
                                 const placement::GroupPlan& plan, at::Device device,
                                 const ResidencyLimits& limits) {
  Unload();
  std::map<std::string, uint64_t> makes_room;
  for (const placement::ComponentPlan& component : plan.components) {
    makes_room[component.component] = component.evicted_bytes;
  }
  std::vector<NetworkPlacement> placements;
  for (PlannedNetwork& network : networks) {
    absl::StatusOr<BlockTiers> where = TiersOf(plan, network.component, network.blocks);
    if (!where.ok()) return where.status();
    const absl::StatusOr<int> rank = RankOfComponent(plan, network.component);
    if (!rank.ok()) return rank.status();
    placements.push_back({.name = network.name,
                          .blocks = std::move(network.blocks),
                          .where = *std::move(where),
                          .source = std::move(network.source),
                          .storage = network.storage,
                          .makes_room_bytes = makes_room[network.component],
                          .is_denoiser = network.is_denoiser,
                          .donor = *rank == 0 ? "" : plan.ranks[*rank].device});
  }
  absl::StatusOr<std::unique_ptr<ModelResidency>> loaded = absl::UnknownError("not loaded");
  const absl::Status guarded = RunGuarded("loading", [&] {
    loaded = ModelResidency::Load(std::move(placements), plan.ranks.front().device, device, limits);
  });
  if (!guarded.ok()) return guarded;
  if (!loaded.ok()) return loaded.status();
  weights_ = *std::move(loaded);
  device_ = device;
  return absl::OkStatus();
}

void PlacedWeights::Unload() {
  ++loads_;
  past_ = totals();
  weights_.reset();
}

ResidencyCounters PlacedWeights::totals() const {
  ResidencyCounters totals = past_;
  totals += counters();
  return totals;
}

uint64_t PlacedWeights::Evict(uint64_t bytes) {
  if (!loaded()) return 0;
  const uint64_t before = weights_->device_bytes();
  // Where one has no room elsewhere, what was moved before it is given back all the same.
  RunGuarded("evicting", [&] { weights_->Evict(bytes).IgnoreError(); }).IgnoreError();
  return before - weights_->device_bytes();
}

absl::StatusOr<ResidentBlocks*> PlacedWeights::Enter(const std::string& network) const {
  absl::StatusOr<ResidentBlocks*> placed = absl::UnknownError("not entered");
  const absl::Status guarded = RunGuarded(network, [&] { placed = weights_->Enter(network); });
  if (!guarded.ok()) return guarded;
  return placed;
}

absl::StatusOr<bool> PlacedWeights::EnterResident(const std::string& network, size_t blocks) const {
  if (!loaded()) return false;
  const absl::StatusOr<ResidentBlocks*> placed = Enter(network);
  if (!placed.ok()) return placed.status();
  if (!(*placed)->all_resident() || (*placed)->device() != device_) return false;
  // Blocks that were brought back a moment ago may still be arriving.
  const absl::Status arrived = RunGuarded(network, [&] {
    for (size_t i = 0; i < blocks; ++i) (*placed)->Acquire(i);
  });
  if (!arrived.ok()) return arrived;
  return true;
}

uint64_t PlacedWeights::moves() const {
  constexpr int kLoadBits = 48;  // above what restored bytes count to
  return (loads_ << kLoadBits) + counters().restored_bytes;
}

std::map<std::string, uint64_t> PlacedWeights::donor_bytes() const {
  return loaded() ? weights_->donor_bytes() : std::map<std::string, uint64_t>();
}

}  // namespace hanga
