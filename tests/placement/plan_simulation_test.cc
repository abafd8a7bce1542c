// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/plan_simulation.h"

#include <gtest/gtest.h>

#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

void ExpectSimulatesAsPredicted(const char* mode, int forwards, uint64_t memory) {
  ModelProfile profile = TestModel(20, kGiB, 5e-3);
  profile.forwards_per_step = forwards;
  PlanOptions options = BareOptions();
  options.mode = mode;
  const auto plan = MakePlan(profile, TestRig(2, memory), options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto carried = ParsePlanJson(PrintPlanJson(*plan));
  ASSERT_TRUE(carried.ok());
  const GroupPlan& group = carried->groups[0];
  EXPECT_EQ(PassesPerStep(group), forwards);
  SimOptions sim;
  sim.passes_per_step = forwards;
  const SimResult result = Simulate(ToSimRanks(group), sim, true);
  EXPECT_NEAR(result.step_seconds, group.prediction.step_seconds,
              0.01 * group.prediction.step_seconds);
  EXPECT_FALSE(result.timeline.empty());
}

TEST(PlanSimulationTest, AStreamingPlanSimulatesAsItPredicts) {
  ExpectSimulatesAsPredicted("stream", 1, 8 * kGiB);
  ExpectSimulatesAsPredicted("stream", 2, 8 * kGiB);
}

TEST(PlanSimulationTest, AHandOverPlanSimulatesAsItPredicts) {
  ExpectSimulatesAsPredicted("hand-over", 1, 12 * kGiB);
  ExpectSimulatesAsPredicted("hand-over", 2, 6 * kGiB);
}

TEST(PlanSimulationTest, AReplicaSimulatesAsItPredicts) {
  ExpectSimulatesAsPredicted("replicate", 1, 24 * kGiB);
  ExpectSimulatesAsPredicted("replicate", 2, 9 * kGiB);
}

}  // namespace
}  // namespace hanga::placement
