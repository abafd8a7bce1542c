// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Every family that denoises a grid of latents, over two and three ranks.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "tests/worker/pipelines/drawing.h"
#include "tests/worker/pipelines/group_ranks.h"

namespace hanga {
namespace {

const std::string kModels = HANGA_SOURCE_DIR "/tests/golden/models/";

GenerationRequest Picture(uint64_t seed, double guidance_scale) {
  GenerationRequest r;
  r.prompt = "a photo of an astronaut riding a horse on mars";
  r.negative_prompt = "blurry";
  r.seed = seed;
  r.steps = 3;
  r.guidance_scale = guidance_scale;
  r.guidance_rescale = 0.3;
  r.width = 80;
  r.height = 64;
  return r;
}

class LatentGroupTest : public ::testing::TestWithParam<std::tuple<const char*, int>> {
 protected:
  const ModelFiles files_ = {kModels + std::get<0>(GetParam()), {}};
  testing::GroupRanks ranks_{std::get<1>(GetParam()), {{"models/a@1", files_}}};
};

INSTANTIATE_TEST_SUITE_P(Families, LatentGroupTest,
                         ::testing::Combine(::testing::Values("sd15", "sdxl", "sd3"),
                                            ::testing::Values(2, 3)));

TEST_P(LatentGroupTest, DrawsThePicturesOfOneDeviceBitForBit) {
  const auto alone = testing::Load(files_);
  auto together = ranks_.Load("models/a@1", files_);
  ASSERT_TRUE(together.ok()) << together.status();
  EXPECT_LT((*together)->resident_bytes(), alone->resident_bytes())
      << "the other ranks hold the rest";
  ASSERT_TRUE((*together)->Placement().has_value());
  const std::vector<GenerationRequest> requests = {Picture(1, 5), Picture(2, 1)};
  std::vector<std::unique_ptr<Generation>> flying;
  for (const GenerationRequest& request : requests) {
    flying.push_back(testing::Prepare(together->get(), request));
    ASSERT_TRUE((*together)->Launch(*flying.back()).ok());
  }
  for (int step = 1; step <= 3; ++step) {
    for (const auto& g : flying) {
      const absl::Status landed = (*together)->Land(*g);
      ASSERT_TRUE(landed.ok()) << landed;
      if (g->done()) continue;
      ASSERT_TRUE((*together)->Launch(*g).ok());
    }
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(testing::Finish(together->get(), flying[i].get()),
              testing::Draw(alone.get(), requests[i]));
  }
  // A step at a time, too.
  EXPECT_EQ(testing::Draw(together->get(), requests[0]), testing::Draw(alone.get(), requests[0]));
}

TEST_P(LatentGroupTest, EnlargesBetweenTwoWalks) {
  auto together = ranks_.Load("models/a@1", files_);
  ASSERT_TRUE(together.ok()) << together.status();
  GenerationRequest request = Picture(3, 5);
  request.second_pass = SecondPass{};
  request.second_pass->scale = 1.5;
  request.second_pass->steps = 3;
  const bool weighs = std::get<0>(GetParam()) != std::string("sd3");
  if (weighs) {  // and has more rows than what is to be avoided
    request.prompt_syntax = PromptSyntax::kA1111;
    request.prompt = "a (dog:1.2) BREAK a cat";
  }
  const auto g = testing::Prepare(together->get(), request);
  while (!g->done()) {
    ASSERT_TRUE((*together)->Launch(*g).ok());
    const absl::Status landed = (*together)->Land(*g);
    ASSERT_TRUE(landed.ok()) << landed;
  }
  const auto drawn = testing::Finish(together->get(), g.get());
  EXPECT_LE(testing::LargestDifference(drawn, testing::Draw(testing::Load(files_).get(), request)),
            1);
}

}  // namespace
}  // namespace hanga
