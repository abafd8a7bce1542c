// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/plan_simulation.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace hanga::placement {
namespace {

// Engine 0 is the host's; each donor of a rank has the next one.
int EngineOf(const BlockPlacement& block, std::map<std::string, int>* donors) {
  if (block.store == Store::kResident) return -1;
  if (block.store != Store::kDonor) return 0;
  return donors->try_emplace(block.keeper, static_cast<int>(donors->size()) + 1).first->second;
}

double HandOverSeconds(const GroupPlan& group, const std::string& from, const std::string& to,
                       int passes) {
  for (const LinkLoad& link : group.links) {
    if (link.from == from && link.to == to) {
      return link.busy * group.prediction.step_seconds / passes;
    }
  }
  return 0;
}

}  // namespace

int PassesPerStep(const GroupPlan& group) {
  double once = 0, step = 0;
  for (const BlockPlacement& block : group.blocks) {
    once += block.phase == Phase::kDenoiser ? block.compute_seconds : 0;
  }
  const bool together = group.mode == Mode::kParallel;  // every rank's time is that of the group
  for (const RankPlan& rank : group.ranks) {
    step = together ? rank.compute_seconds : step + rank.compute_seconds;
  }
  return once > 0 ? std::max(1, static_cast<int>(std::lround(step / once))) : 1;
}

std::vector<SimRank> ToSimRanks(const GroupPlan& group) {
  std::vector<SimRank> ranks;
  std::vector<int> group_rank;  // of each
  std::map<std::string, int> donors;
  for (const BlockPlacement& block : group.blocks) {
    if (block.phase != Phase::kDenoiser) continue;
    if (group_rank.empty() || group_rank.back() != block.rank) {
      group_rank.push_back(block.rank);
      ranks.emplace_back().slots = group.ranks[block.rank].ring_slots;
      donors.clear();
    }
    SimBlock sim;
    sim.compute_seconds = block.compute_seconds;
    sim.engine = EngineOf(block, &donors);
    sim.copy_seconds = block.copy_seconds;
    ranks.back().engines = std::max(ranks.back().engines, sim.engine + 1);
    ranks.back().blocks.push_back(sim);
  }
  if (group.mode != Mode::kHandOver) return ranks;
  const int passes = PassesPerStep(group);
  for (size_t r = 0; r < ranks.size(); ++r) {
    const std::string& from = group.ranks[group_rank[r]].device;
    const std::string& to = group.ranks[group_rank[(r + 1) % ranks.size()]].device;
    ranks[r].hand_over_seconds = HandOverSeconds(group, from, to, passes);
  }
  return ranks;
}

}  // namespace hanga::placement
