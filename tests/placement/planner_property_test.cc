// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Random clusters and models: whatever the planner says, it fits, is whole, and is said again.
#include <gtest/gtest.h>

#include <map>

#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

Topology RandomRig(Dice* dice) {
  Topology rig = TestRig(dice->Between(1, 4), 16 * kGiB);
  for (Device& device : rig.devices) {
    device.total_bytes = dice->Between(1, 48) * kGiB;
    device.used_by_others_bytes = dice->Below(device.total_bytes / 2);
    device.matmul_flops = dice->Real(20e12, 400e12);
    device.pinned_bytes_per_second = dice->Real(4e9, 60e9);
    device.pageable_bytes_per_second = device.pinned_bytes_per_second / 5;
    device.while_computing = dice->Real(0.7, 1.0);
  }
  const LinkKind kinds[] = {LinkKind::kNvlink, LinkKind::kPcie, LinkKind::kHost};
  LinkAll(&rig, kinds[dice->Below(3)], dice->Real(3e9, 300e9));
  rig.host.total_bytes_per_second = dice->Below(2) ? dice->Real(20e9, 80e9) : 0;
  return rig;
}

ModelProfile RandomModel(Dice* dice) {
  ModelProfile profile = TestModel(dice->Between(1, 40), 0, 0);
  profile.forwards_per_step = dice->Between(1, 2);
  profile.workspace_bytes = dice->Below(256 * kMiB);
  const bool splits = dice->Below(2) == 0;
  for (BlockProfile& block : profile.blocks) {
    block.stored_bytes = block.run_bytes = dice->Below(8) ? dice->Below(kGiB) : 0;
    block.linear_flops = dice->Real(0, 2e12);
    block.activation_bytes = dice->Below(kGiB / 2);
    block.boundary_bytes = dice->Below(64 * kMiB);
    block.exchange_bytes = splits ? dice->Below(64 * kMiB) : 0;
  }
  const auto add = [&](const char* component, Phase phase) {
    for (int i = dice->Between(1, 6); i > 0; --i) {
      BlockProfile block;
      block.name = absl::StrCat("layers.", i);
      block.component = component;
      block.phase = phase;
      block.stored_bytes = block.run_bytes = dice->Below(kGiB);
      block.activation_bytes = dice->Below(kGiB);
      block.linear_flops = 1e12;
      profile.blocks.push_back(block);
    }
  };
  if (dice->Below(2)) add("text_encoder", Phase::kTextEncoder);
  if (dice->Below(2)) add("vae", Phase::kVae);
  return profile;
}

void ExpectFits(const GroupPlan& group) {
  for (const RankPlan& rank : group.ranks) {
    EXPECT_LE(rank.peak_bytes + rank.reserve_bytes, rank.free_bytes) << rank.device;
    EXPECT_LE(rank.resident_bytes + rank.kept_bytes + rank.lent_bytes +
                  rank.ring_slots * rank.slot_bytes + rank.activation_bytes + rank.workspace_bytes,
              rank.peak_bytes)
        << rank.device;
  }
}

// Every block once, and the ranks' sums are those of the blocks.
void ExpectWhole(const ModelProfile& profile, const GroupPlan& group) {
  std::map<std::pair<std::string, std::string>, int> times;
  std::vector<uint64_t> resident(group.ranks.size(), 0), streamed(group.ranks.size(), 0);
  std::map<std::string, uint64_t> lent;
  for (const BlockPlacement& block : group.blocks) {
    ++times[{block.component, block.block}];
    if (block.phase != Phase::kDenoiser) continue;
    (block.store == Store::kResident ? resident : streamed)[block.rank] += block.run_bytes;
    if (block.store == Store::kDonor) lent[block.keeper] += block.stored_bytes;
    if (block.store != Store::kResident) {
      EXPECT_GE(group.ranks[block.rank].slot_bytes, block.run_bytes);
    }
  }
  EXPECT_EQ(times.size(), profile.blocks.size());
  for (const auto& [name, count] : times) EXPECT_EQ(count, 1) << name.second;
  for (size_t r = 0; r < group.ranks.size(); ++r) {
    const size_t same = group.mode == Mode::kParallel ? 0 : r;
    EXPECT_EQ(group.ranks[r].resident_bytes, resident[same]);
    EXPECT_EQ(group.ranks[r].streamed_bytes > 0, streamed[same] > 0);
    EXPECT_EQ(group.ranks[r].lent_bytes, lent[group.ranks[r].device]);
  }
}

TEST(PlannerPropertyTest, RandomClustersGetPlansThatFitAndPlaceEveryBlockOnce) {
  Dice dice(2026);
  int planned = 0;
  for (int round = 0; round < 250; ++round) {
    SCOPED_TRACE(round);
    const Topology rig = RandomRig(&dice);
    const ModelProfile profile = RandomModel(&dice);
    PlanOptions options;
    const char* modes[] = {"auto", "auto", "replicate", "split", "hand-over", "parallel"};
    options.mode = modes[dice.Below(6)];
    options.reserve_vram_bytes = dice.Below(kGiB);
    if (dice.Below(3) == 0) options.vram_limit_bytes = dice.Between(1, 24) * kGiB;
    if (dice.Below(3) == 0) options.pinned_host_limit_bytes = dice.Between(0, 8) * kGiB;
    const auto plan = MakePlan(profile, rig, options);
    if (!plan.ok()) {
      EXPECT_NE(plan.status().code(), absl::StatusCode::kInternal);
      EXPECT_FALSE(plan.status().message().empty());
      continue;
    }
    ++planned;
    for (const GroupPlan& group : plan->groups) {
      ExpectFits(group);
      ExpectWhole(profile, group);
      if (options.vram_limit_bytes) {
        for (const RankPlan& rank : group.ranks)
          EXPECT_LE(rank.peak_bytes, *options.vram_limit_bytes);
      }
      EXPECT_GT(group.prediction.images_per_second, 0);
    }
    EXPECT_EQ(PrintPlanJson(*plan), PrintPlanJson(*MakePlan(profile, rig, options))) << "repeats";
  }
  EXPECT_GT(planned, 150);
}

TEST(PlannerPropertyTest, MoreMemoryNeverMakesAStreamedStepMuchSlower) {
  const ModelProfile profile = TestModel(30, 600 * kMiB, 0.01);
  double before = 1e30;
  for (uint64_t total = 2; total <= 20; ++total) {
    const auto plan = MakePlan(profile, TestRig(1, total * kGiB), BareOptions());
    ASSERT_TRUE(plan.ok()) << total;
    const double step = plan->groups[0].prediction.step_seconds;
    EXPECT_LE(step, before * 1.005) << total << " GiB";
    before = step;
  }
}

TEST(PlannerPropertyTest, AStepIsNeverFasterThanItsBounds) {
  Dice dice(5);
  for (int round = 0; round < 100; ++round) {
    const ModelProfile profile =
        TestModel(dice.Between(2, 40), dice.Between(50, 900) * kMiB, dice.Real(0.0005, 0.05));
    const auto plan = MakePlan(profile, TestRig(1, dice.Between(2, 16) * kGiB), BareOptions());
    if (!plan.ok()) continue;
    const RankPlan& rank = plan->groups[0].ranks[0];
    const double bound = std::max(rank.compute_seconds, rank.streamed_bytes / 25e9);
    EXPECT_GE(plan->groups[0].prediction.step_seconds, bound * 0.9999);
    EXPECT_LE(plan->groups[0].prediction.step_seconds, bound * 1.5 + 0.05);
  }
}

}  // namespace
}  // namespace hanga::placement
