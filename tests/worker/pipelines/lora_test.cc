// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Adapters as requests name them.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/worker/pipelines/drawing.h"
#include "tests/worker/weights/safetensors_file.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

using testing::Draw;
using testing::Finish;
using ::testing::HasSubstr;
using testing::LargestDifference;
using testing::Load;
using testing::Prepare;

TestTensor Random(const std::string& key, at::IntArrayRef shape) {
  const at::Tensor t = 0.4 * at::randn(shape);
  return {key, "F32", shape.vec(), std::string(static_cast<const char*>(t.data_ptr()), t.nbytes())};
}

// A file that changes attention in the denoiser, and the text encoder where `text` says so.
std::string FileBytes(int64_t seed, int64_t rank, bool text) {
  at::manual_seed(seed);
  std::vector<TestTensor> tensors;
  const auto pair = [&](const std::string& module, int64_t in, int64_t out) {
    tensors.push_back(Random(module + ".lora_down.weight", {rank, in}));
    tensors.push_back(Random(module + ".lora_up.weight", {out, rank}));
  };
  const std::string block = "lora_unet_mid_block_attentions_0_transformer_blocks_0_";
  pair(block + "attn1_to_q", 16, 16);
  pair(block + "attn2_to_v", 40, 16);
  pair(block + "ff_net_2", 64, 16);
  if (text) pair("lora_te_text_model_encoder_layers_0_mlp_fc1", 40, 96);
  return SafetensorsBytes(tensors);
}

GenerationRequest Request(uint64_t seed, std::vector<LoraUse> loras = {}) {
  GenerationRequest r;
  r.prompt = "a photo of an astronaut riding a horse on mars";
  r.seed = seed;
  r.steps = 2;
  r.guidance_scale = 5;
  r.width = r.height = 64;
  r.loras = std::move(loras);
  return r;
}

LoraUse Use(const std::string& name, double weight = 1) {
  return {
      .name = name, .file = nullptr, .sha256 = "", .weight = weight, .text_encoder_weight = weight};
}

class LoraTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 8; ++i)
      folder_.Write("style" + std::to_string(i) + ".safetensors", FileBytes(i, 1 + i, i % 2 == 1));
    files_ = {GoldenModel("sd15"), {}};
    files_.lora_folder = folder_.path();
    pipeline_ = Load(files_);
  }
  std::string ErrorOf(const LoraUse& use) {
    const auto refused = pipeline_->Prepare(Request(1, {use}));
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << refused.status();
    return std::string(refused.status().message());
  }

  TemporaryFolder folder_;
  ModelFiles files_;
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(LoraTest, ChangesThePictureAsMuchAsItWeighs) {
  const auto plain = Draw(pipeline_.get(), Request(1));
  EXPECT_EQ(Draw(pipeline_.get(), Request(1, {Use("style0", 0)})), plain);
  const auto whole = Draw(pipeline_.get(), Request(1, {Use("style0")}));
  const auto little = Draw(pipeline_.get(), Request(1, {Use("style0", 0.05)}));
  EXPECT_GT(LargestDifference(whole, plain), LargestDifference(little, plain));
  EXPECT_GT(LargestDifference(little, plain), 0);
  EXPECT_EQ(Draw(pipeline_.get(), Request(1)), plain);  // nothing stays
}

TEST_F(LoraTest, ReachesTheTextEncoderWithAWeightOfItsOwn) {
  LoraUse text_alone = Use("style1", 0);
  text_alone.text_encoder_weight = 1;
  const auto plain = Draw(pipeline_.get(), Request(2));
  EXPECT_NE(Draw(pipeline_.get(), Request(2, {text_alone})), plain);
  text_alone.name = "style0";  // which has no part for it
  EXPECT_EQ(Draw(pipeline_.get(), Request(2, {text_alone})), plain);
}

TEST_F(LoraTest, EightPicturesWithEightAdaptersAreOneBatch) {
  std::vector<std::unique_ptr<Generation>> generations;
  std::vector<Generation*> batch;
  for (int i = 0; i < 8; ++i) {
    generations.push_back(
        Prepare(pipeline_.get(), Request(i, {Use("style" + std::to_string(i), 0.5)})));
    batch.push_back(generations.back().get());
    ASSERT_EQ(batch.back()->batch_key(), batch.front()->batch_key());
  }
  while (!batch.front()->done()) ASSERT_TRUE(pipeline_->Step(batch).ok());
  for (int i = 0; i < 8; ++i) {
    const auto alone = Draw(pipeline_.get(), Request(i, {Use("style" + std::to_string(i), 0.5)}));
    EXPECT_LE(LargestDifference(pipeline_->Finish(*batch[i])->rgb, alone), 1) << i;
  }
}

TEST_F(LoraTest, UploadedFileDrawsWhatTheSameFileOfTheFolderDraws) {
  LoraUse uploaded;
  uploaded.file = std::make_shared<const std::string>(FileBytes(3, 4, true));
  uploaded.sha256 = "0123456789abcdef";
  EXPECT_EQ(Draw(pipeline_.get(), Request(4, {uploaded})),
            Draw(pipeline_.get(), Request(4, {Use("style3")})));
}

TEST_F(LoraTest, MergedByTheDeploymentDrawsTheSame) {
  ModelFiles fixed = files_;
  fixed.loras = {{"style5", folder_.path() + "/style5.safetensors", 0.7}};
  const auto merged = Load(fixed);
  EXPECT_LE(LargestDifference(Draw(merged.get(), Request(5)),
                              Draw(pipeline_.get(), Request(5, {Use("style5", 0.7)}))),
            1);
  EXPECT_NE(ExamineModel(fixed)->sha256, ExamineModel(files_)->sha256);
}

TEST_F(LoraTest, RefusesWhatIsNoAdapterOfThisModel) {
  EXPECT_THAT(ErrorOf(Use("nobody")), HasSubstr("lora 'nobody': its file is not there"));
  EXPECT_THAT(ErrorOf(Use("../style0")), HasSubstr("that is no name of a file"));
  folder_.Write("cut.safetensors", FileBytes(1, 2, false).substr(0, 900));
  EXPECT_THAT(ErrorOf(Use("cut")), HasSubstr("lora 'cut': "));
  folder_.Write("flux.safetensors",
                SafetensorsBytes(
                    {Random("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", {2, 48}),
                     Random("lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight", {144, 2})}));
  EXPECT_THAT(ErrorOf(Use("flux")), HasSubstr("looks like an adapter for FLUX.1"));
  EXPECT_FALSE(Draw(pipeline_.get(), Request(6)).empty());  // nobody else's business
}

}  // namespace
}  // namespace hanga
