// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/pipelines/drawing.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

using testing::Draw;
using testing::Finish;
using ::testing::HasSubstr;
using testing::LargestDifference;
using testing::Load;
using testing::Prepare;
using testing::StepOne;

const std::string kDemo = HANGA_SOURCE_DIR "/models/demo";
const std::string kTiny = HANGA_SOURCE_DIR "/tests/golden/models/flux_dev";

GenerationRequest Request(uint64_t seed) {
  GenerationRequest r;
  r.prompt = "the sea at sunset with a red sun, a boat";
  r.seed = seed;
  r.steps = 3;
  r.guidance_scale = 3.5;
  r.width = 96;
  r.height = 64;
  r.max_sequence_length = 32;
  return r;
}

class FluxPipelineTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { pipeline_ = Load({kTiny, {}}).release(); }
  static void TearDownTestSuite() {
    delete pipeline_;
    pipeline_ = nullptr;
  }
  static Pipeline* pipeline_;
};
Pipeline* FluxPipelineTest::pipeline_ = nullptr;

TEST_F(FluxPipelineTest, DrawsTheSamePictureForTheSameSeed) {
  const std::vector<uint8_t> picture = Draw(pipeline_, Request(1));
  EXPECT_EQ(picture.size(), 96u * 64 * 3);
  EXPECT_EQ(Draw(pipeline_, Request(1)), picture);
  EXPECT_NE(Draw(pipeline_, Request(2)), picture);
}

TEST_F(FluxPipelineTest, DrawsTheSamePictureFromSingleFiles) {
  const std::unique_ptr<Pipeline> single =
      Load({kTiny + "/flux1-dev.safetensors", {{"vae", kTiny + "/ae.safetensors"}}});
  EXPECT_EQ(Draw(single.get(), Request(1)), Draw(pipeline_, Request(1)));
}

TEST_F(FluxPipelineTest, StepsGenerationsOfOneShapeAsABatch) {
  GenerationRequest other = Request(2);
  other.prompt = "a house";
  other.steps = 2;
  other.guidance_scale = 1;
  const auto a = Prepare(pipeline_, Request(1)), b = Prepare(pipeline_, other);
  ASSERT_EQ(a->batch_key(), b->batch_key());
  Generation* const both[] = {a.get(), b.get()};
  ASSERT_TRUE(pipeline_->Step(both).ok());
  ASSERT_TRUE(pipeline_->Step(both).ok());
  EXPECT_TRUE(b->done());
  EXPECT_FALSE(a->done());
  EXPECT_LE(LargestDifference(Finish(pipeline_, a.get()), Draw(pipeline_, Request(1))), 1);
  EXPECT_LE(LargestDifference(Finish(pipeline_, b.get()), Draw(pipeline_, other)), 1);
}

TEST_F(FluxPipelineTest, KeepsGenerationsOfOtherShapesApart) {
  GenerationRequest wide = Request(1), guided = Request(1);
  wide.width = 128;
  guided.true_cfg_scale = 2;
  const auto a = Prepare(pipeline_, Request(1));
  for (const GenerationRequest& request : {wide, guided}) {
    const auto b = Prepare(pipeline_, request);
    EXPECT_NE(a->batch_key(), b->batch_key());
    Generation* const both[] = {a.get(), b.get()};
    EXPECT_FALSE(pipeline_->Step(both).ok());
    EXPECT_EQ(a->step(), 0);
  }
}

TEST_F(FluxPipelineTest, GuidesAwayFromTheNegativePrompt) {
  GenerationRequest guided = Request(1);
  guided.true_cfg_scale = 2;
  guided.negative_prompt = "clouds";
  GenerationRequest otherwise = guided;
  otherwise.negative_prompt = "stars over a field";
  EXPECT_NE(Draw(pipeline_, guided), Draw(pipeline_, Request(1)));
  EXPECT_NE(Draw(pipeline_, guided), Draw(pipeline_, otherwise));
}

TEST_F(FluxPipelineTest, GoesOnFromACheckpointToTheSameBits) {
  const std::vector<uint8_t> whole = Draw(pipeline_, Request(5));
  const auto generation = Prepare(pipeline_, Request(5));
  ASSERT_TRUE(StepOne(pipeline_, generation.get()).ok());
  const auto saved = pipeline_->Save(*generation);
  ASSERT_TRUE(saved.ok());
  const std::unique_ptr<Pipeline> elsewhere = Load({kTiny, {}});
  auto restored = elsewhere->Restore(Request(5), *saved);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->step(), 1);
  EXPECT_EQ(Finish(elsewhere.get(), restored->get()), whole);
}

TEST_F(FluxPipelineTest, RefusesCheckpointsOfOtherRequestsAndModels) {
  const auto generation = Prepare(pipeline_, Request(5));
  const std::string saved = *pipeline_->Save(*generation);
  EXPECT_EQ(pipeline_->Restore(Request(6), saved).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(pipeline_->Restore(Request(5), "HANGAGEN and more that is no checkpoint").ok());
  EXPECT_FALSE(Load({kDemo, {}})->Restore(Request(5), saved).ok());
}

TEST_F(FluxPipelineTest, RefusesToStepOrFinishAtTheWrongTime) {
  const auto generation = Prepare(pipeline_, Request(1));
  EXPECT_EQ(pipeline_->Finish(*generation).status().code(), absl::StatusCode::kFailedPrecondition);
  Finish(pipeline_, generation.get());
  EXPECT_FALSE(StepOne(pipeline_, generation.get()).ok());
}

TEST_F(FluxPipelineTest, NamesTheFieldOfABadRequest) {
  GenerationRequest bad = Request(1);
  bad.sampler = "magic";
  EXPECT_THAT(std::string(pipeline_->Prepare(bad).status().message()), HasSubstr("sampler"));
  bad = Request(1);
  bad.scheduler = "magic";
  EXPECT_THAT(std::string(pipeline_->Prepare(bad).status().message()), HasSubstr("scheduler"));
  bad = Request(1);
  bad.width = 17;
  EXPECT_THAT(std::string(pipeline_->Prepare(bad).status().message()), HasSubstr("width"));
}

TEST(FluxDemoTest, TellsItsLimitsAndDefaults) {
  const auto facts = ExamineModel({kDemo, {}});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->family, "flux");
  EXPECT_EQ(facts->sha256.size(), 64u);
  EXPECT_GT(facts->parameters, 11'000'000u);
  EXPECT_EQ(facts->defaults.width, 256);
  EXPECT_EQ(facts->defaults.steps, 20);
  EXPECT_EQ(facts->defaults.max_sequence_length, 64);
  EXPECT_EQ(facts->limits.size_multiple, 16);
}

// Mean distance of the preview from the picture, both at the preview's size.
double PreviewError(const Image& preview, const Image& picture) {
  const int factor = picture.width / preview.width;
  double sum = 0;
  for (int y = 0; y < preview.height; ++y) {
    for (int x = 0; x < preview.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        double mean = 0;
        for (int dy = 0; dy < factor; ++dy) {
          for (int dx = 0; dx < factor; ++dx) {
            mean += picture.rgb[((y * factor + dy) * picture.width + x * factor + dx) * 3 + c];
          }
        }
        sum += std::abs(mean / (factor * factor) - preview.rgb[(y * preview.width + x) * 3 + c]);
      }
    }
  }
  return sum / static_cast<double>(preview.rgb.size());
}

TEST(FluxDemoTest, ShowsThePictureInItsPreviews) {
  const std::unique_ptr<Pipeline> pipeline = Load({kDemo, {}});
  GenerationRequest request = Request(0);
  request.width = 256;
  request.height = 192;
  request.steps = 8;
  const auto generation = Prepare(pipeline.get(), request);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(StepOne(pipeline.get(), generation.get()).ok());
  const auto preview = pipeline->Preview(*generation);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->width, 32);
  EXPECT_EQ(preview->height, 24);
  Finish(pipeline.get(), generation.get());
  EXPECT_LT(PreviewError(*preview, *pipeline->Finish(*generation)), 25);
}

}  // namespace
}  // namespace hanga
