// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The topologies in docs/examples plan FLUX, and to what the arithmetic of their links says.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "placement/planner.h"
#include "placement/quantities.h"
#include "tests/placement/flux_profile.h"

namespace hanga::placement {
namespace {

Topology Example(const std::string& name) {
  std::ifstream file(std::string(HANGA_SOURCE_DIR) + "/docs/examples/topologies/" + name);
  std::stringstream text;
  text << file.rdbuf();
  auto topology = ParseTopology(text.str());
  EXPECT_TRUE(topology.ok()) << name << ": " << topology.status();
  return topology.ok() ? *topology : VirtualCpuTopology(1, kGiB);
}

TEST(ExamplesTest, EveryTopologyPlansFlux) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(HANGA_SOURCE_DIR) +
                                                               "/docs/examples/topologies")) {
    if (entry.path().extension() != ".toml") continue;
    ++seen;
    const auto plan = MakePlan(FluxProfile(), Example(entry.path().filename()), {});
    EXPECT_TRUE(plan.ok()) << entry.path() << plan.status();
  }
  EXPECT_GE(seen, 10);
}

TEST(ExamplesTest, FluxOnAnH100IsNearItsFloor) {
  const auto plan = MakePlan(FluxProfile(), Example("h100x1.toml"), {});
  ASSERT_TRUE(plan.ok());
  EXPECT_NEAR(plan->groups[0].prediction.step_seconds, 0.108, 0.010);
}

TEST(ExamplesTest, TwelveGigabytesOfWeightsOnAnH200AreBoundByTheLink) {
  PlanOptions options;
  options.vram_limit_bytes = uint64_t{12'000'000'000};
  const auto plan = MakePlan(FluxProfile(), Example("h200x1.toml"), options);
  ASSERT_TRUE(plan.ok());
  const GroupPlan& group = plan->groups[0];
  const double bound = group.ranks[0].streamed_bytes / 54.8e9;
  EXPECT_LE(group.prediction.step_seconds, 1.05 * bound);
  EXPECT_EQ(group.prediction.limit, Limit::kLink);
}

TEST(ExamplesTest, FourRtx3090DrawFluxWithoutWaitingForLinks) {
  const auto plan = MakePlan(FluxProfile(), Example("rtx3090x4.toml"), {});
  ASSERT_TRUE(plan.ok());
  const Prediction& p = plan->groups[0].prediction;
  EXPECT_LE(p.step_seconds, 1.05 * plan->groups[0].ranks[0].compute_seconds);
}

}  // namespace
}  // namespace hanga::placement
