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

absl::StatusOr<Tier> TierOf(const BlockPlacement& block) {
  switch (block.store) {
    case Store::kResident:
      return Tier::kDevice;
    case Store::kPinned:
      return Tier::kPinned;
    case Store::kPageable:
      return Tier::kPageable;
    case Store::kFile:
      return Tier::kFile;
    case Store::kDonor:
      break;
  }
  return absl::FailedPreconditionError(absl::StrCat("placement: ", block.block, " of ",
                                                    block.component, " is kept on ", block.keeper,
                                                    ", whose memory this worker does not hold"));
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
  tiers.ring_slots = kComponentSlots;
  for (const BlockWeights* block : blocks) {
    const auto found = placed.find(block->name);
    if (found == placed.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("placement: the plan has no ", block->name, " of ", component));
    }
    const absl::StatusOr<Tier> tier = TierOf(*found->second);
    if (!tier.ok()) return tier.status();
    tiers.tiers.push_back(*tier);
    if (found->second->phase != Phase::kDenoiser) continue;
    tiers.repeats = true;
    tiers.ring_slots = group.ranks[found->second->rank].ring_slots;
  }
  return tiers;
}

}  // namespace hanga
