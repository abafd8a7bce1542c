// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/plan_tiers.h"

#include <map>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

using placement::BlockPlacement;
using placement::Phase;
using placement::Store;

// Of a text encoder or VAE, which runs once: one copy beside the compute.
constexpr int kComponentSlots = 2;

Tier TierOf(Store store) {
  switch (store) {
    case Store::kResident:
      return Tier::kDevice;
    case Store::kPinned:
      return Tier::kPinned;
    case Store::kPageable:
      return Tier::kPageable;
    case Store::kFile:
      return Tier::kFile;
    case Store::kDonor:
      return Tier::kDonor;
  }
  return Tier::kFile;  // no other value exists
}

}  // namespace

absl::StatusOr<BlockTiers> TiersOf(const placement::GroupPlan& group, const std::string& component,
                                   const std::vector<BlockWeights*>& blocks) {
  std::map<std::string, const BlockPlacement*> placed;
  for (const BlockPlacement& block : group.blocks) {
    if (block.component == component) placed[block.block] = &block;
  }
  BlockTiers tiers;
  tiers.repeats = false;
  bool lent = false;
  tiers.ring_slots = kComponentSlots;
  for (const BlockWeights* block : blocks) {
    const auto found = placed.find(block->name);
    if (found == placed.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("placement: the plan has no ", block->name, " of ", component));
    }
    tiers.tiers.push_back(TierOf(found->second->store));
    lent = lent || found->second->store == Store::kDonor;
    tiers.donors.push_back(found->second->store == Store::kDonor ? found->second->keeper : "");
    if (found->second->phase != Phase::kDenoiser) continue;
    tiers.repeats = true;
    tiers.ring_slots = group.ranks[found->second->rank].ring_slots;
  }
  if (!lent) tiers.donors.clear();
  return tiers;
}

absl::StatusOr<int> RankOfComponent(const placement::GroupPlan& group,
                                    const std::string& component) {
  int rank = -1;
  for (const BlockPlacement& block : group.blocks) {
    if (block.component != component) continue;
    if (rank >= 0 && block.rank != rank) {
      return absl::FailedPreconditionError(absl::StrCat(
          "placement: ", component, " is run by several devices, which takes a group of workers"));
    }
    rank = block.rank;
  }
  if (rank < 0 || rank >= static_cast<int>(group.ranks.size())) {
    return absl::FailedPreconditionError(absl::StrCat("placement: the plan has no ", component));
  }
  return rank;
}

}  // namespace hanga
