// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Deterministic fuzzing of every parser of placement/: mutations of good texts, and noise. A parser
// may refuse anything, but neither crash nor take what it prints differently.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "placement/expression.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "placement/topology.h"
#include "tests/placement/flux_profile.h"
#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

std::string Mutated(std::string text, Dice* dice) {
  const char alphabet[] = "0123456789.,;:|#@*[]-=%gbGfree cudap\n\"{}\0\xff";
  for (int i = dice->Between(1, 6); i > 0 && !text.empty(); --i) {
    const size_t at = dice->Below(text.size());
    const char c = alphabet[dice->Below(sizeof(alphabet) - 1)];
    switch (dice->Below(5)) {
      case 0:
        text[at] = c;
        break;
      case 1:
        text.insert(at, 1, c);
        break;
      case 2:
        text.erase(at, dice->Between(1, 4));
        break;
      case 3:
        text.insert(at, text.substr(at, dice->Between(1, 8)));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

TEST(PlacementFuzzTest, ExpressionsNeverCrashAndErrorsPoint) {
  const std::vector<std::string> seeds = {
      "cuda:0,2.5gb;cpu,*",
      "cuda:0,500mb;cuda:1,3.0g;cpu,5gb*",
      "cuda:0,25%;cpu,75%",
      "cuda:0,0.1;cpu,0.5",
      "virtual_vram=12gb;donors=cuda:1,cpu;compute=cuda:0",
      "donors=cuda:1,cuda:2;compute=cuda:0",
      "blocks[0-9,12]@cuda:1;*norm*@cpu;cuda:0,free-2gb,spread;file,*",
      "unet:cuda:0,8gb,last;cpu,*|clip:cpu,*|vae:cuda:0,*",
      "#cuda:1;4.0;cuda:0,cpu",
  };
  Dice dice(1);
  int parsed = 0;
  for (int i = 0; i < 40000; ++i) {
    const std::string text = Mutated(seeds[dice.Below(seeds.size())], &dice);
    const auto expression = ParseExpression(text);
    if (!expression.ok()) {
      const std::string message(expression.status().message());
      EXPECT_NE(message.find("column "), std::string::npos) << message;
      EXPECT_NE(message.find('^'), std::string::npos) << message;
      continue;
    }
    ++parsed;
    const std::string printed = PrintExpression(*expression);
    const auto again = ParseExpression(printed);
    ASSERT_TRUE(again.ok()) << text << "\n" << printed << "\n" << again.status();
    EXPECT_EQ(PrintExpression(*again), printed) << text;
  }
  EXPECT_GT(parsed, 1000);
}

TEST(PlacementFuzzTest, ParsedExpressionsPlanOrRefuse) {
  const ModelProfile profile = TestModel(12, 300 * kMiB, 0.01);
  const Topology rig = TestRig(2, 4 * kGiB);
  Dice dice(2);
  for (int i = 0; i < 1500; ++i) {
    PlanOptions options;
    options.placement = Mutated("blocks[0-2]@cuda:1;cuda:0,1gb;cuda:1,10%;cpu,*", &dice);
    const auto plan = MakePlan(profile, rig, options);
    if (!plan.ok()) continue;
    EXPECT_EQ(plan->groups[0].blocks.size(), profile.blocks.size()) << options.placement;
  }
}

TEST(PlacementFuzzTest, PatternsEndInTime) {
  Dice dice(3);
  for (int i = 0; i < 20000; ++i) {
    MatchesPattern(Mutated("double_blocks[0-9,11-18]*.a[3]*", &dice),
                   Mutated("double_blocks.17.attention", &dice));
  }
  EXPECT_FALSE(MatchesPattern(std::string(200, '*') + "b", std::string(2000, 'a')));
}

TEST(PlacementFuzzTest, FilesNeverCrash) {
  const std::string rig = PrintTopology(TestRig(2, 4 * kGiB));
  const std::string profile = PrintProfile(TestModel(3, kGiB, 0.01));
  const std::string plan =
      PrintPlanJson(*MakePlan(TestModel(3, kGiB, 0.01), TestRig(2, 4 * kGiB), {}));
  Dice dice(4);
  for (int i = 0; i < 1500; ++i) {
    if (const auto parsed = ParseTopology(Mutated(rig, &dice)); parsed.ok()) {
      EXPECT_TRUE(Validate(*parsed).ok());
    }
    if (const auto parsed = ParseProfile(Mutated(profile, &dice)); parsed.ok()) {
      EXPECT_TRUE(Validate(*parsed).ok());
    }
    if (const auto parsed = ParsePlanJson(Mutated(plan, &dice)); parsed.ok()) {
      RenderPlanText(*parsed, 80);
      RenderPlanSvg(*parsed);
    }
  }
}

}  // namespace
}  // namespace hanga::placement
