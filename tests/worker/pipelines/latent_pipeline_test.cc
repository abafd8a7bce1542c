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

std::shared_ptr<const Image> Shared(Image image) {
  return std::make_shared<const Image>(std::move(image));
}

GenerationRequest FromPicture(uint64_t seed) {
  GenerationRequest r = Request(seed);
  r.sampler = "euler";  // one evaluation a step
  r.init_image = Shared(Plain(80, 64, 90));
  r.strength = 0.6;
  return r;
}

TEST_P(LatentPipelineTest, BeginsAtAPictureAsFarBackAsItIsTold) {
  const auto g = pipeline_->Prepare(FromPicture(8));
  ASSERT_TRUE(g.ok()) << g.status();
  EXPECT_EQ((*g)->steps(), 3);  // 0.6 of 5
  const auto drawn = Draw(pipeline_.get(), FromPicture(8));
  EXPECT_EQ(drawn, Draw(pipeline_.get(), FromPicture(8)));
  GenerationRequest from_noise = FromPicture(8), sizeless = FromPicture(8);
  from_noise.init_image = nullptr;
  EXPECT_NE(drawn, Draw(pipeline_.get(), from_noise));
  sizeless.width = sizeless.height = 0;
  EXPECT_EQ(drawn, Draw(pipeline_.get(), sizeless));
}

TEST_P(LatentPipelineTest, GoesOnFromAPictureAfterARestore) {
  GenerationRequest r = FromPicture(8);
  Image half = Plain(80, 64, 0);
  std::fill(half.rgb.begin(), half.rgb.begin() + half.rgb.size() / 2, 255);
  r.mask = Shared(half);
  const auto whole = Draw(pipeline_.get(), r);
  const auto g = Prepare(pipeline_.get(), r);
  StepOnce(pipeline_.get(), {g.get()});
  const auto saved = pipeline_->Save(*g);
  ASSERT_TRUE(saved.ok()) << saved.status();
  auto resumed = pipeline_->Restore(r, *saved);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ((*resumed)->step(), 1);
  EXPECT_EQ(Finish(pipeline_.get(), resumed->get()), whole);
  r.init_image = Shared(Plain(80, 64, 91));
  EXPECT_FALSE(pipeline_->Restore(r, *saved).ok());
}

TEST_P(LatentPipelineTest, RepaintsWhereTheMaskIsWhite) {
  GenerationRequest nowhere = FromPicture(9), everywhere = FromPicture(9);
  nowhere.mask = Shared(Plain(80, 64, 0));
  everywhere.mask = Shared(Plain(80, 64, 255));
  const auto kept = Draw(pipeline_.get(), nowhere);
  GenerationRequest other = nowhere;
  other.prompt = "something else";
  // The prompt has no say where nothing changes.
  EXPECT_EQ(Draw(pipeline_.get(), other), kept);
  EXPECT_GT(LargestDifference(Draw(pipeline_.get(), everywhere), kept), 8);
  // An edge in the middle is sharp, or mixed over some pixels.
  GenerationRequest half = nowhere;
  Image left_half = Plain(80, 64, 0);
  for (size_t i = 0; i < left_half.rgb.size(); ++i) left_half.rgb[i] = i / 3 % 80 < 40 ? 255 : 0;
  half.mask = Shared(left_half);
  const auto sharp = Draw(pipeline_.get(), half);
  half.mask_blur = 8;
  EXPECT_NE(Draw(pipeline_.get(), half), sharp);
}

TEST_P(LatentPipelineTest, NamesWhatIsWrongWithAPicture) {
  const auto refusal = [&](auto change) {
    GenerationRequest p = FromPicture(11);
    change(&p);
    return std::string(pipeline_->Prepare(p).status().message());
  };
  EXPECT_THAT(refusal([](auto* p) { p->init_image = Shared(Plain(64, 64, 0)); }),
              HasSubstr("init_image: is 64 x 64 pixels"));
  EXPECT_THAT(refusal([](auto* p) { p->mask = Shared(Plain(80, 65, 0)); }),
              HasSubstr("mask: is 80 x 65"));
  EXPECT_THAT(refusal([](auto* p) { p->strength = 0; }), HasSubstr("strength: 0"));
  EXPECT_THAT(refusal([](auto* p) { p->strength = 1.5; }), HasSubstr("strength: 1.5"));
  EXPECT_THAT(refusal([](auto* p) { p->strength = 0.1; }), HasSubstr("less than one step"));
  EXPECT_THAT(refusal([](auto* p) { p->mask_blur = 300; }), HasSubstr("mask_blur: 300"));
  EXPECT_THAT(refusal([](auto* p) { p->mask = p->init_image, p->init_image = nullptr; }),
              HasSubstr("mask: is set, but init_image is not"));
}

GenerationRequest Twice(uint64_t seed) {
  GenerationRequest r = Request(seed);
  r.sampler = "euler";
  r.second_pass = SecondPass{};
  r.second_pass->scale = 1.5;
  r.second_pass->steps = 4;
  r.second_pass->strength = 0.5;
  return r;
}

TEST_P(LatentPipelineTest, DrawsAgainLarger) {
  const auto g = Prepare(pipeline_.get(), Twice(12));
  EXPECT_EQ(g->steps(), 5 + 1 + 2);
  while (!g->done()) StepOnce(pipeline_.get(), {g.get()});
  const auto drawn = pipeline_->Finish(*g);
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  // 1.5 of 80, down to a multiple of 16 or 8.
  EXPECT_EQ(drawn->width, GetParam() == std::string("sd3") ? 112 : 120);
  EXPECT_EQ(drawn->height, 96);
  GenerationRequest other = Twice(12);
  other.second_pass->pixels = true;
  EXPECT_NE(Draw(pipeline_.get(), other), drawn->rgb);
  other = Twice(12);
  other.second_pass->method = SecondPass::Method::kNearest;
  EXPECT_NE(Draw(pipeline_.get(), other), drawn->rgb);
}

TEST_P(LatentPipelineTest, KeepsToTheFirstPictureInTheSecondPass) {
  GenerationRequest r = Twice(13), other = Twice(13);
  r.second_pass->steps = other.second_pass->steps = 20;
  r.second_pass->strength = other.second_pass->strength = 0.05;
  const auto drawn = Draw(pipeline_.get(), r);
  other.second_pass->strength = 1;
  EXPECT_GT(LargestDifference(Draw(pipeline_.get(), other), drawn), 8);
}

TEST_P(LatentPipelineTest, GoesOnInEitherPassAfterARestore) {
  const GenerationRequest r = Twice(14);
  const auto whole = Draw(pipeline_.get(), r);
  const auto g = Prepare(pipeline_.get(), r);
  for (int step = 1; step < g->steps(); ++step) {
    StepOnce(pipeline_.get(), {g.get()});
    const auto saved = pipeline_->Save(*g);
    ASSERT_TRUE(saved.ok()) << saved.status();
    auto resumed = pipeline_->Restore(r, *saved);
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    EXPECT_EQ((*resumed)->step(), step);
    EXPECT_EQ((*resumed)->batch_key(), g->batch_key());
    EXPECT_EQ(Finish(pipeline_.get(), resumed->get()), whole) << step;
  }
}

TEST_P(LatentPipelineTest, EnlargesABatchAsItEnlargesEachImage) {
  const auto a = Prepare(pipeline_.get(), Twice(15)), b = Prepare(pipeline_.get(), Twice(16));
  while (!a->done()) StepOnce(pipeline_.get(), {a.get(), b.get()});
  EXPECT_LE(LargestDifference(pipeline_->Finish(*b)->rgb, Draw(pipeline_.get(), Twice(16))), 1);
}

TEST_P(LatentPipelineTest, NamesWhatIsWrongWithASecondPass) {
  const auto refusal = [&](auto change) {
    GenerationRequest r = Twice(17);
    change(&r);
    return std::string(pipeline_->Prepare(r).status().message());
  };
  EXPECT_THAT(refusal([](auto* r) { r->second_pass->scale = 1; }), HasSubstr("second_pass.scale"));
  EXPECT_THAT(refusal([](auto* r) { r->second_pass->scale = 1.01; }), HasSubstr("makes 80 x 64"));
  EXPECT_THAT(refusal([](auto* r) { r->second_pass->strength = 0.1; }),
              HasSubstr("less than one step"));
  EXPECT_THAT(refusal([](auto* r) { r->second_pass->steps = 0; }),
              HasSubstr("second_pass.steps: 0"));
  EXPECT_THAT(refusal([](auto* r) { r->init_image = r->mask = Shared(Plain(80, 64, 0)); }),
              HasSubstr("second_pass: is set, but so is mask"));
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

// Stable Diffusion 1 to XL read weighted prompts.
class WeightedPromptTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { pipeline_ = Load({kModels + GetParam(), {}}); }

  std::vector<uint8_t> Drawn(const std::string& prompt, PromptSyntax syntax,
                             const std::string& negative = "blurry") {
    GenerationRequest r = Request(20);
    r.prompt = prompt;
    r.negative_prompt = negative;
    r.prompt_syntax = syntax;
    r.steps = 2;
    return Draw(pipeline_.get(), r);
  }

  std::unique_ptr<Pipeline> pipeline_;
};

TEST_P(WeightedPromptTest, ReadsAPlainPromptAsItStands) {
  const auto plain = Drawn("a dog", PromptSyntax::kPlain);
  for (const PromptSyntax syntax : {PromptSyntax::kA1111, PromptSyntax::kComfy}) {
    EXPECT_EQ(Drawn("a dog", syntax), plain);
    EXPECT_EQ(Drawn("(a:1.0) dog", syntax), plain);
    EXPECT_NE(Drawn("(a:1.9) dog", syntax), plain);
    EXPECT_NE(Drawn("a (dog:0.1)", syntax), plain);
  }
  EXPECT_NE(Drawn("a (dog:1.9)", PromptSyntax::kA1111), Drawn("a (dog:1.9)", PromptSyntax::kComfy));
}

TEST_P(WeightedPromptTest, ReadsBeyondTheFirstRow) {
  std::string prompt = "a dog";
  for (int i = 0; i < 90; ++i) prompt += " a";
  const std::string longer = prompt + " cat";
  EXPECT_EQ(Drawn(prompt, PromptSyntax::kPlain), Drawn(longer, PromptSyntax::kPlain));
  for (const PromptSyntax syntax : {PromptSyntax::kA1111, PromptSyntax::kComfy}) {
    EXPECT_NE(Drawn(prompt, syntax), Drawn(longer, syntax));
    EXPECT_NE(Drawn("a dog", syntax, prompt), Drawn("a dog", syntax, longer));
  }
}

TEST_P(WeightedPromptTest, RefusesPromptsWithoutEnd) {
  GenerationRequest r = Request(20);
  r.prompt_syntax = PromptSyntax::kA1111;
  r.prompt = "a";
  for (int i = 0; i < 32; ++i) r.prompt += " BREAK a";
  EXPECT_THAT(std::string(pipeline_->Prepare(r).status().message()),
              HasSubstr("prompt: takes 33 rows of tokens, the limit is 32"));
}

TEST_P(WeightedPromptTest, IsEvaluatedAloneAsInABatch) {
  GenerationRequest a = Request(21), b = Request(22);
  for (GenerationRequest* r : {&a, &b}) {
    r->prompt = "a dog BREAK a cat";
    r->prompt_syntax = PromptSyntax::kA1111;
    r->steps = 2;
  }
  const auto first = Prepare(pipeline_.get(), a), second = Prepare(pipeline_.get(), b);
  ASSERT_EQ(first->batch_key(), second->batch_key());
  while (!first->done()) StepOnce(pipeline_.get(), {first.get(), second.get()});
  EXPECT_LE(LargestDifference(pipeline_->Finish(*second)->rgb, Draw(pipeline_.get(), b)), 1);
}

INSTANTIATE_TEST_SUITE_P(Families, WeightedPromptTest, ::testing::Values("sd15", "sdxl"));

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
