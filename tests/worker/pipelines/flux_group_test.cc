// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The demo model over ranks that are threads of this test: real doors, real parts.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/group.h"

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

// Ranks 1 and up follow on threads of their own; rank 0 is the test's.
class FluxGroupTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    const int size = GetParam();
    GroupPlace place;
    place.number = 7;
    place.secret = std::string(32, 's');
    for (int rank = 0; rank < size; ++rank) {
      auto door = OpenGroupDoor("127.0.0.1:0", "cpu");
      ASSERT_TRUE(door.ok()) << door.status();
      doors_.push_back(*std::move(door));
      place.workers.push_back(absl::StrCat("workers/cpu-", rank));
      place.addresses.push_back(doors_.back()->address());
    }
    for (int rank = 1; rank < size; ++rank) {
      GroupPlace mine = place;
      mine.rank = rank;
      followers_.emplace_back([this, mine] {
        at::set_num_threads(1);
        int suspect = -1;
        const auto group = doors_[mine.rank]->Join(mine, &suspect);
        ASSERT_TRUE(group.ok()) << group.status();
        (*group)->Follow([](const std::string& deployment) -> absl::StatusOr<Group::Deployed> {
          if (deployment != "models/demo@1") return absl::NotFoundError("not deployed here");
          return Group::Deployed{kDemo, {}};
        });
      });
    }
    int suspect = -1;
    auto group = doors_[0]->Join(place, &suspect);
    ASSERT_TRUE(group.ok()) << group.status();
    group_ = *std::move(group);
  }
  void TearDown() override {
    if (group_ != nullptr) group_->Abort("the test is over");
    for (std::thread& follower : followers_) follower.join();
  }

  absl::StatusOr<std::unique_ptr<Pipeline>> Load(const std::string& deployment) {
    LoadOptions options;
    options.group = group_;
    options.deployment = deployment;
    return LoadPipeline(kDemo, options);
  }

  std::vector<std::unique_ptr<GroupDoor>> doors_;
  std::vector<std::thread> followers_;
  std::shared_ptr<Group> group_;
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
              testing::ContainsRegex("rank [12]: not deployed here"));
  EXPECT_TRUE(Load("models/demo@1").ok());
}

TEST_P(FluxGroupTest, AStepOfABrokenGroupIsAborted) {
  auto pipeline = Load("models/demo@1");
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  auto generation = (*pipeline)->Prepare(Picture(1));
  ASSERT_TRUE(generation.ok()) << generation.status();
  group_->Abort("a rank was lost");
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
