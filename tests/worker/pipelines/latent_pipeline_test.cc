// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/pipelines/drawing.h"
#include "worker/pipelines/pictured_request.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

using testing::Draw;
using testing::Finish;
using ::testing::HasSubstr;
using testing::LargestDifference;
using testing::Load;
using testing::Prepare;

const std::string kModels = HANGA_SOURCE_DIR "/tests/golden/models/";

GenerationRequest Request(uint64_t seed) {
  GenerationRequest r;
  r.prompt = "a photo of an astronaut riding a horse on mars";
  r.negative_prompt = "blurry";
  r.seed = seed;
  r.steps = 5;
  r.guidance_scale = 5;
  r.width = 80;
  r.height = 64;
  return r;
}

void StepOnce(Pipeline* pipeline, std::vector<Generation*> batch) {
  EXPECT_TRUE(pipeline->Step(batch).ok());
}

// Every family, so that none needs a name.
class LatentPipelineTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { pipeline_ = Load({kModels + GetParam(), {}}); }
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_P(LatentPipelineTest, DrawsABatchAsItDrawsEachImage) {
  const auto a = Prepare(pipeline_.get(), Request(1)), b = Prepare(pipeline_.get(), Request(2));
  ASSERT_EQ(a->batch_key(), b->batch_key());
  while (!a->done()) StepOnce(pipeline_.get(), {a.get(), b.get()});
  const auto first = pipeline_->Finish(*a)->rgb, second = pipeline_->Finish(*b)->rgb;
  EXPECT_LE(LargestDifference(first, Draw(pipeline_.get(), Request(1))), 1);
  EXPECT_LE(LargestDifference(second, Draw(pipeline_.get(), Request(2))), 1);
  EXPECT_GT(LargestDifference(first, second), 8);
}

TEST_P(LatentPipelineTest, GoesOnToTheSameBitsAfterARestore) {
  GenerationRequest r = Request(3);
  r.sampler = "dpmpp_2m_sde";  // has history, and draws noise
  const auto whole = Draw(pipeline_.get(), r);
  const auto half = Prepare(pipeline_.get(), r);
  for (int i = 0; i < 3; ++i) StepOnce(pipeline_.get(), {half.get()});
  const auto saved = pipeline_->Save(*half);
  ASSERT_TRUE(saved.ok()) << saved.status();
  const auto other = Load({kModels + GetParam(), {}});
  auto resumed = other->Restore(r, *saved);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ((*resumed)->step(), 3);
  EXPECT_EQ(Finish(other.get(), resumed->get()), whole);
  r.guidance_rescale = 0.5;
  EXPECT_FALSE(other->Restore(r, *saved).ok());
}

TEST_P(LatentPipelineTest, IsGuidedWithinItsIntervalAlone) {
  GenerationRequest unguided = Request(4), never = Request(4), late = Request(4);
  unguided.guidance_scale = 1;
  never.guidance_end = 0;
  late.guidance_start = 0.5;
  const auto plain = Draw(pipeline_.get(), unguided);
  EXPECT_LE(LargestDifference(Draw(pipeline_.get(), never), plain), 1);
  EXPECT_GT(LargestDifference(Draw(pipeline_.get(), late), plain), 1);
  EXPECT_GT(LargestDifference(Draw(pipeline_.get(), Request(4)), Draw(pipeline_.get(), late)), 1);
}

Image Plain(int width, int height, uint8_t value) {
  return {width, height, std::vector<uint8_t>(size_t{3} * width * height, value)};
}

PicturedRequest FromPicture(uint64_t seed) {
  PicturedRequest p;
  p.request = Request(seed);
  p.request.sampler = "euler";  // one evaluation a step
  p.init_image = Plain(80, 64, 90);
  p.strength = 0.6;
  return p;
}

std::vector<uint8_t> DrawFrom(Pipeline* pipeline, const PicturedRequest& pictured) {
  auto generation = PrepareAtPicture(*pipeline, pictured);
  if (!generation.ok()) ADD_FAILURE() << generation.status();
  return Finish(pipeline, generation->get());
}

TEST_P(LatentPipelineTest, BeginsAtAPictureAsFarBackAsItIsTold) {
  const auto g = PrepareAtPicture(*pipeline_, FromPicture(8));
  ASSERT_TRUE(g.ok()) << g.status();
  EXPECT_EQ((*g)->steps(), 3);  // 0.6 of 5
  EXPECT_FALSE(pipeline_->Save(**g).ok());
  const auto drawn = DrawFrom(pipeline_.get(), FromPicture(8));
  EXPECT_EQ(drawn, DrawFrom(pipeline_.get(), FromPicture(8)));
  EXPECT_NE(drawn, Draw(pipeline_.get(), FromPicture(8).request));
}

TEST_P(LatentPipelineTest, RepaintsWhereTheMaskIsWhite) {
  PicturedRequest nowhere = FromPicture(9), everywhere = FromPicture(9);
  nowhere.mask = Plain(80, 64, 0);
  everywhere.mask = Plain(80, 64, 255);
  const auto kept = DrawFrom(pipeline_.get(), nowhere);
  PicturedRequest other = nowhere;
  other.request.prompt = "something else";
  // The prompt has no say where nothing changes.
  EXPECT_EQ(DrawFrom(pipeline_.get(), other), kept);
  EXPECT_GT(LargestDifference(DrawFrom(pipeline_.get(), everywhere), kept), 8);
  // An edge in the middle is sharp, or mixed over some pixels.
  PicturedRequest half = nowhere;
  Image left_half = Plain(80, 64, 0);
  for (size_t i = 0; i < left_half.rgb.size(); ++i) left_half.rgb[i] = i / 3 % 80 < 40 ? 255 : 0;
  half.mask = left_half;
  const auto sharp = DrawFrom(pipeline_.get(), half);
  half.mask_blur = 8;
  EXPECT_NE(DrawFrom(pipeline_.get(), half), sharp);
}

TEST_P(LatentPipelineTest, NamesWhatIsWrongWithAPicture) {
  const auto refusal = [&](auto change) {
    PicturedRequest p = FromPicture(11);
    change(&p);
    return std::string(PrepareAtPicture(*pipeline_, p).status().message());
  };
  EXPECT_THAT(refusal([](auto* p) { p->init_image = Plain(64, 64, 0); }),
              HasSubstr("init_image: is 64 x 64 pixels"));
  EXPECT_THAT(refusal([](auto* p) { p->mask = Plain(80, 65, 0); }), HasSubstr("mask: is 80 x 65"));
  EXPECT_THAT(refusal([](auto* p) { p->strength = 0; }), HasSubstr("strength: 0"));
  EXPECT_THAT(refusal([](auto* p) { p->strength = 1.5; }), HasSubstr("strength: 1.5"));
  EXPECT_THAT(refusal([](auto* p) { p->strength = 0.1; }), HasSubstr("less than one step"));
  EXPECT_THAT(refusal([](auto* p) { p->mask_blur = 300; }), HasSubstr("mask_blur: 300"));
}

TEST_P(LatentPipelineTest, PreviewsAtAnEighthOfTheSize) {
  const auto g = Prepare(pipeline_.get(), Request(5));
  for (int i = 0; i < 2; ++i) {
    const auto preview = pipeline_->Preview(*g);
    ASSERT_TRUE(preview.ok()) << preview.status();
    EXPECT_EQ(preview->width, 10);
    EXPECT_EQ(preview->height, 8);
    StepOnce(pipeline_.get(), {g.get()});
  }
}

TEST_P(LatentPipelineTest, NamesWhatItCannotDraw) {
  const auto refusal = [&](auto change) {
    GenerationRequest r = Request(6);
    change(&r);
    const auto status = pipeline_->Prepare(r).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refusal([](auto* r) { r->sampler = "magic"; }), HasSubstr("sampler: \"magic\""));
  EXPECT_THAT(refusal([](auto* r) { r->scheduler = "odd"; }), HasSubstr("scheduler: \"odd\""));
  EXPECT_THAT(refusal([](auto* r) { r->clip_skip = 9; }), HasSubstr("clip_skip: "));
  EXPECT_THAT(refusal([](auto* r) { r->width = 84; }), HasSubstr("width: 84"));
  EXPECT_THAT(refusal([](auto* r) { r->guidance_rescale = 2; }), HasSubstr("guidance_rescale: 2"));
}

TEST_P(LatentPipelineTest, KnowsItsLimitsWithoutItsWeights) {
  const auto facts = ExamineModel({kModels + GetParam(), {}});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->family, GetParam() == std::string("sd15") ? "sd" : GetParam());
  EXPECT_GT(facts->defaults.guidance_scale, 1);
  EXPECT_GT(facts->parameters, 100'000u);
}

INSTANTIATE_TEST_SUITE_P(Families, LatentPipelineTest, ::testing::Values("sd15", "sdxl", "sd3"));

TEST(LatentModelFilesTest, ACheckpointOfTheUnetAloneTakesTheOthersOfTheDeployment) {
  const std::string sd15 = kModels + "sd15/";
  ModelFiles files = {sd15 + "unet/diffusion_pytorch_model.safetensors",
                      {{"text_encoder", sd15 + "text_encoder"},
                       {"tokenizer", sd15 + "tokenizer"},
                       {"vae", sd15 + "vae"}}};
  GenerationRequest r = Request(7);
  r.sampler = "ddim";
  EXPECT_EQ(Load(files)->Prepare(r).status(), absl::OkStatus());
  files.components.erase("vae");
  EXPECT_THAT(std::string(ExamineModel(files).status().message()),
              HasSubstr("components.vae: the checkpoint does not hold it"));
}

TEST(LatentModelFilesTest, TellsAFamilysUnetFromAnothers) {
  const auto status = ExamineModel({kModels + "sdxl/unet/diffusion_pytorch_model.fp16.safetensors",
                                    {{"text_encoder", kModels + "sdxl/text_encoder"},
                                     {"text_encoder_2", kModels + "sdxl/text_encoder"},
                                     {"tokenizer", kModels + "sdxl/tokenizer"},
                                     {"tokenizer_2", kModels + "sdxl/tokenizer_2"},
                                     {"vae", kModels + "sdxl/vae"}}})
                          .status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("differ in the width of text"));
}

}  // namespace
}  // namespace hanga
