// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/plan_tiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

using placement::BlockPlacement;
using placement::GroupPlan;
using placement::Phase;
using placement::Store;

BlockPlacement Placed(const std::string& component, const std::string& block, Phase phase,
                      Store store) {
  BlockPlacement placed;
  placed.component = component;
  placed.block = block;
  placed.phase = phase;
  placed.store = store;
  placed.keeper = "cuda:1";
  return placed;
}

class PlanTiersTest : public testing::Test {
 protected:
  PlanTiersTest() {
    plan_.ranks.resize(1);
    plan_.ranks[0].ring_slots = 5;
    plan_.blocks = {Placed("text", "a", Phase::kTextEncoder, Store::kPageable),
                    Placed("net", "a", Phase::kDenoiser, Store::kResident),
                    Placed("net", "b", Phase::kDenoiser, Store::kFile),
                    Placed("far", "a", Phase::kDenoiser, Store::kDonor)};
  }
  absl::StatusOr<BlockTiers> Tiers(const std::string& component, std::vector<std::string> names) {
    blocks_.clear();
    for (const std::string& name : names) blocks_.push_back({name, {}});
    std::vector<BlockWeights*> weights;
    for (BlockWeights& block : blocks_) weights.push_back(&block);
    return TiersOf(plan_, component, weights);
  }

  GroupPlan plan_;
  std::vector<BlockWeights> blocks_;
};

TEST_F(PlanTiersTest, FindsBlocksByComponentAndName) {
  const auto tiers = Tiers("net", {"b", "a"});
  ASSERT_TRUE(tiers.ok()) << tiers.status();
  EXPECT_THAT(tiers->tiers, testing::ElementsAre(Tier::kFile, Tier::kDevice));
  EXPECT_EQ(tiers->ring_slots, 5);
  EXPECT_TRUE(tiers->repeats);
}

TEST_F(PlanTiersTest, TextEncodersRunOncePerPicture) {
  const auto tiers = Tiers("text", {"a"});
  ASSERT_TRUE(tiers.ok());
  EXPECT_FALSE(tiers->repeats);
  EXPECT_EQ(tiers->ring_slots, 2);
}

TEST_F(PlanTiersTest, NamesTheDonorsOfTheirBlocks) {
  plan_.blocks.push_back(Placed("far", "b", Phase::kDenoiser, Store::kPinned));
  const auto tiers = Tiers("far", {"a", "b"});
  ASSERT_TRUE(tiers.ok()) << tiers.status();
  EXPECT_THAT(tiers->tiers, testing::ElementsAre(Tier::kDonor, Tier::kPinned));
  EXPECT_THAT(tiers->donors, testing::ElementsAre("cuda:1", ""));
  EXPECT_TRUE(Tiers("net", {"a"})->donors.empty());
}

TEST_F(PlanTiersTest, RefusesWhatThePlanDoesNotKnow) {
  EXPECT_THAT(std::string(Tiers("net", {"c"}).status().message()),
              testing::HasSubstr("no c of net"));
}

TEST_F(PlanTiersTest, AComponentRunsOnOneRank) {
  EXPECT_EQ(RankOfComponent(plan_, "net").value(), 0);
  EXPECT_THAT(std::string(RankOfComponent(plan_, "vae").status().message()),
              testing::HasSubstr("no vae"));
  plan_.ranks.resize(2);
  plan_.blocks[0].rank = 1;
  EXPECT_EQ(RankOfComponent(plan_, "text").value(), 1);
  plan_.blocks[2].rank = 1;
  EXPECT_THAT(std::string(RankOfComponent(plan_, "net").status().message()),
              testing::HasSubstr("takes a group of workers"));
}

}  // namespace
}  // namespace hanga
