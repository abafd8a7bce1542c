// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The demo model over several ranks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/pipelines/group_ranks.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

const ModelFiles kDemo = {HANGA_SOURCE_DIR "/models/demo", {}};

GenerationRequest Picture(uint64_t seed, double true_cfg_scale = 1) {
  GenerationRequest request;
  request.prompt = "a lighthouse at dusk";
  request.negative_prompt = "rain";
  request.true_cfg_scale = true_cfg_scale;
  request.seed = seed;
  request.steps = 3;
  request.guidance_scale = 3.5;
  request.width = request.height = 64;
  return request;
}

// Pictures of these requests, which step as one batch where `together`.
std::vector<Image> Draw(Pipeline& pipeline, const std::vector<GenerationRequest>& requests,
                        bool together) {
  std::vector<std::unique_ptr<Generation>> generations;
  for (const GenerationRequest& request : requests) {
    auto generation = pipeline.Prepare(request);
    EXPECT_TRUE(generation.ok()) << generation.status();
    if (!generation.ok()) return {};
    generations.push_back(*std::move(generation));
  }
  const size_t each = together ? generations.size() : 1;
  for (size_t first = 0; first < generations.size(); first += each) {
    std::vector<Generation*> batch;
    for (size_t i = 0; i < each; ++i) batch.push_back(generations[first + i].get());
    while (!batch.front()->done()) {
      const absl::Status stepped = pipeline.Step(batch);
      EXPECT_TRUE(stepped.ok()) << stepped;
      if (!stepped.ok()) return {};
    }
  }
  std::vector<Image> images;
  for (const auto& generation : generations) {
    auto image = pipeline.Finish(*generation);
    EXPECT_TRUE(image.ok()) << image.status();
    if (image.ok()) images.push_back(*std::move(image));
  }
  return images;
}

class FluxGroupTest : public ::testing::TestWithParam<int> {
 protected:
  absl::StatusOr<std::unique_ptr<Pipeline>> Load(const std::string& deployment) {
    return ranks_.Load(deployment, kDemo);
  }

  testing::GroupRanks ranks_{GetParam(), {{"models/demo@1", kDemo}}};
};

INSTANTIATE_TEST_SUITE_P(Ranks, FluxGroupTest, ::testing::Values(2, 3));

TEST_P(FluxGroupTest, DrawsThePicturesOfOneDeviceBitForBit) {
  auto alone = LoadPipeline(kDemo, {});
  ASSERT_TRUE(alone.ok()) << alone.status();
  auto together = Load("models/demo@1");
  ASSERT_TRUE(together.ok()) << together.status();
  EXPECT_LT((*together)->resident_bytes(), (*alone)->resident_bytes())
      << "the other ranks hold the rest";
  for (const double true_cfg_scale : {1.0, 2.0}) {
    const std::vector<GenerationRequest> requests = {Picture(1, true_cfg_scale),
                                                     Picture(2, true_cfg_scale)};
    const std::vector<Image> expected = Draw(**alone, requests, /*together=*/false);
    const std::vector<Image> got = Draw(**together, requests, /*together=*/true);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].rgb, expected[i].rgb);
  }
}

TEST_P(FluxGroupTest, ADeploymentThatARankDoesNotHaveIsRefusedAndBreaksNothing) {
  const auto refused = Load("models/other@1");
  EXPECT_TRUE(absl::IsNotFound(refused.status()));
  // Whichever rank answers first.
  EXPECT_THAT(std::string(refused.status().message()),
              ::testing::ContainsRegex("rank [12]: not deployed here"));
  EXPECT_TRUE(Load("models/demo@1").ok());
}

// Each goes on as soon as it is back, whatever the others do; one is given up on its way.
TEST_P(FluxGroupTest, ImagesOnTheirWayDoNotWaitForEachOther) {
  auto alone = LoadPipeline(kDemo, {});
  auto together = Load("models/demo@1");
  ASSERT_TRUE(alone.ok() && together.ok()) << together.status();
  ASSERT_TRUE((*together)->launches());
  EXPECT_FALSE((*alone)->launches());
  std::vector<GenerationRequest> requests = {Picture(1), Picture(2, 2.0), Picture(3)};
  requests[2].width = 96;
  requests[0].steps = 4;
  std::vector<std::unique_ptr<Generation>> flying;
  for (const GenerationRequest& request : requests) {
    auto generation = (*together)->Prepare(request);
    ASSERT_TRUE(generation.ok()) << generation.status();
    flying.push_back(*std::move(generation));
  }
  auto dropped = (*together)->Prepare(Picture(4));
  ASSERT_TRUE(dropped.ok() && (*together)->Launch(**dropped).ok());
  for (const auto& g : flying) ASSERT_TRUE((*together)->Launch(*g).ok());
  dropped->reset();
  for (int left = 3; left > 0;) {
    for (const auto& g : flying) {
      if (g->done()) continue;
      const absl::Status landed = (*together)->Land(*g);
      ASSERT_TRUE(landed.ok()) << landed;
      left -= g->done() ? 1 : 0;
      if (g->done()) continue;
      ASSERT_TRUE((*together)->Launch(*g).ok());
    }
  }
  const std::vector<Image> expected = Draw(**alone, requests, /*together=*/false);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto image = (*together)->Finish(*flying[i]);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->rgb, expected[i].rgb) << "image " << i;
  }
}

TEST_P(FluxGroupTest, AModelThatGoesWhileItsStatesAreOnTheirWayBreaksNothing) {
  auto first = Load("models/demo@1");
  ASSERT_TRUE(first.ok()) << first.status();
  auto generation = (*first)->Prepare(Picture(1));
  ASSERT_TRUE(generation.ok() && (*first)->Launch(**generation).ok());
  auto second = Load("models/demo@1");  // while a state of the first is on its way
  ASSERT_TRUE(second.ok()) << second.status();
  generation->reset();
  first->reset();
  EXPECT_EQ(Draw(**second, {Picture(2)}, false).size(), 1u);
  EXPECT_TRUE(ranks_.group().status().ok());
}

TEST_P(FluxGroupTest, AStepOfABrokenGroupIsAborted) {
  auto pipeline = Load("models/demo@1");
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  auto generation = (*pipeline)->Prepare(Picture(1));
  ASSERT_TRUE(generation.ok()) << generation.status();
  ranks_.group().Abort("a rank was lost");
  Generation* batch[] = {generation->get()};
  const absl::Status stepped = (*pipeline)->Step(batch);
  EXPECT_TRUE(absl::IsAborted(stepped)) << stepped;
  EXPECT_EQ((*generation)->step(), 0);
}

TEST_P(FluxGroupTest, ASavedGenerationGoesOnOnOneDevice) {
  auto alone = LoadPipeline(kDemo, {});
  auto together = Load("models/demo@1");
  ASSERT_TRUE(alone.ok() && together.ok()) << together.status();
  auto begun = (*together)->Prepare(Picture(5));
  ASSERT_TRUE(begun.ok()) << begun.status();
  Generation* first[] = {begun->get()};
  ASSERT_TRUE((*together)->Step(first).ok());
  const auto saved = (*together)->Save(**begun);
  ASSERT_TRUE(saved.ok()) << saved.status();
  auto restored = (*alone)->Restore(Picture(5), *saved);
  ASSERT_TRUE(restored.ok()) << restored.status();
  Generation* rest[] = {restored->get()};
  while (!(*restored)->done()) ASSERT_TRUE((*alone)->Step(rest).ok());
  const auto image = (*alone)->Finish(**restored);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->rgb, Draw(**alone, {Picture(5)}, false).at(0).rgb);
}

}  // namespace
}  // namespace hanga
