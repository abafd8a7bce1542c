// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement/memory_parts.h"
#include "placement/run_plan.h"
#include "tests/placement/flux_profile.h"
#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

using ::testing::HasSubstr;

class RenderTest : public ::testing::Test {
 protected:
  RenderTest() {
    PlanOptions options = BareOptions();
    options.mode = "stream";
    const ModelProfile profile = TestModel(20, kGiB, 1e-3);
    const Topology rig = TestRig(2, 8 * kGiB);
    plan_ = *MakePlan(profile, rig, options);
    plan_.what_ifs = MakeWhatIfs(profile, rig, options, plan_);
  }
  Plan plan_;
};

TEST_F(RenderTest, TextNamesDevicesLimitsAndChanges) {
  const std::string text = RenderPlanText(plan_, 80);
  EXPECT_THAT(text, HasSubstr("cuda:0"));
  EXPECT_THAT(text, HasSubstr("limited by"));
  EXPECT_THAT(text, HasSubstr("more memory on each device"));
  EXPECT_THAT(text, HasSubstr("# resident"));
}

TEST_F(RenderTest, BarsAreAsWideAsTheTerminalAllows) {
  const std::string text = RenderPlanText(plan_, 60);
  const size_t at = text.find("  cuda:0 |");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.find('\n', at) - at, 59u);
}

TEST_F(RenderTest, MemoryPartsAddUpToWhatIsFree) {
  for (const RankPlan& rank : plan_.groups[0].ranks) {
    uint64_t sum = 0;
    for (const MemoryPart& part : MemoryParts(rank)) sum += part.bytes;
    EXPECT_EQ(sum, rank.free_bytes);
  }
}

TEST_F(RenderTest, JsonComesBackTheSame) {
  const std::string json = PrintPlanJson(plan_);
  const auto again = ParsePlanJson(json);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(PrintPlanJson(*again), json);
}

TEST_F(RenderTest, JsonWithAForeignRankIsRefused) {
  plan_.groups[0].blocks[3].rank = 7;
  EXPECT_THAT(std::string(ParsePlanJson(PrintPlanJson(plan_)).status().message()),
              HasSubstr("has rank 7 of 2"));
}

TEST_F(RenderTest, SvgIsSelfContainedAndEscaped) {
  plan_.model = "a<b&\"c\"";
  const std::string svg = RenderPlanSvg(plan_);
  EXPECT_THAT(svg, HasSubstr("<svg xmlns="));
  EXPECT_THAT(svg, HasSubstr("a&lt;b&amp;&quot;c&quot;"));
  EXPECT_EQ(svg.find("href"), std::string::npos);
}

TEST(RunPlanTest, PlansFromTexts) {
  RunPlanOptions options;
  options.profile_json = PrintProfile(FluxProfile());
  options.topology_toml = PrintTopology(TestRig(2, 24 * kGiB));
  const auto text = RunPlan(options);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("FLUX.1-dev 1024x1024"));
  options.format = PlanFormat::kJson;
  const auto json = RunPlan(options);
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE(ParsePlanJson(*json).ok());
  options.topology_toml = "name = 3";
  EXPECT_FALSE(RunPlan(options).ok());
}

}  // namespace
}  // namespace hanga::placement
