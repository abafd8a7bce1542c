// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// SDXL's refiner, made of the base model: its UNet does not see the first text encoder, and is told
// a score in place of the target's height and width. A base model whose weights for those are zero
// must draw the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/worker/pipelines/drawing.h"
#include "tests/worker/weights/safetensors_file.h"
#include "worker/weights/checkpoint.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;
using testing::Draw;
using testing::LargestDifference;
using testing::Load;

constexpr int64_t kFirstWidth = 24, kTextWidth = 56;  // of the text, of which the first encoder's
constexpr int64_t kAdded = 88, kRefinerAdded = 80;    // pooled text, and 6 or 5 embedded sizes
constexpr int64_t kElement = 2;                       // bytes, float16

// Columns [from, to) of a matrix, or the whole matrix with the others zero.
TestTensor Columns(TestTensor t, int64_t from, int64_t to, bool cut) {
  const int64_t rows = t.shape[0], columns = t.shape[1];
  std::string data;
  for (int64_t row = 0; row < rows; ++row) {
    const std::string line = t.data.substr(row * columns * kElement, columns * kElement);
    const std::string kept = line.substr(from * kElement, (to - from) * kElement);
    if (cut) {
      data += kept;
    } else {
      data +=
          std::string(from * kElement, '\0') + kept + std::string((columns - to) * kElement, '\0');
    }
  }
  if (cut) t.shape[1] = to - from;
  t.data = data;
  return t;
}

nlohmann::json ReadJson(const std::string& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

class RefinerTest : public ::testing::Test {
 protected:
  // A copy of the golden SDXL with the UNet of the refiner, or the base's that does the same.
  std::string Model(const TemporaryFolder& folder, bool refiner) {
    fs::copy(GoldenModel("sdxl"), folder.path(), fs::copy_options::recursive);
    const std::string unet = folder.path() + "/unet";
    const auto source = OpenCheckpoint(GoldenModel("sdxl/unet"));
    EXPECT_TRUE(source.ok()) << source.status();
    std::vector<TestTensor> tensors;
    for (const auto& [key, stored] : source->tensors()) {
      TestTensor t = {key, "F16", stored.shape, ReadBytes(stored)};
      const bool text = key.find("attn2.to_k.weight") != std::string::npos ||
                        key.find("attn2.to_v.weight") != std::string::npos;
      if (text) t = Columns(t, kFirstWidth, kTextWidth, refiner);
      if (key == "add_embedding.linear_1.weight") t = Columns(t, 0, kRefinerAdded, refiner);
      tensors.push_back(std::move(t));
    }
    folder.Write("unet/diffusion_pytorch_model.fp16.safetensors", SafetensorsBytes(tensors));
    if (!refiner) return folder.path();
    nlohmann::json config = ReadJson(unet + "/config.json");
    config["cross_attention_dim"] = kTextWidth - kFirstWidth;
    config["projection_class_embeddings_input_dim"] = kRefinerAdded;
    folder.Write("unet/config.json", config.dump());
    nlohmann::json index = ReadJson(folder.path() + "/model_index.json");
    index["_class_name"] = "StableDiffusionXLImg2ImgPipeline";
    index["text_encoder"] = index["tokenizer"] = {nullptr, nullptr};
    folder.Write("model_index.json", index.dump());
    fs::remove_all(folder.path() + "/text_encoder");
    fs::remove_all(folder.path() + "/tokenizer");
    return folder.path();
  }

  static GenerationRequest Request() {
    GenerationRequest r;
    r.prompt = "a red dog";
    r.negative_prompt = "blurry";
    r.seed = 3;
    r.steps = 3;
    r.guidance_scale = 5;
    r.width = r.height = 64;
    // What the base is told in the same place: the target's height.
    r.aesthetic_score = r.negative_aesthetic_score = 64;
    return r;
  }

  TemporaryFolder base_, refiner_;
};

TEST_F(RefinerTest, DrawsWhatTheBaseDrawsWithoutItsFirstEncoder) {
  const std::string base = Model(base_, false), refiner = Model(refiner_, true);
  const auto facts = ExamineModel({refiner, {}});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->family, "sdxl_refiner");
  EXPECT_THAT(facts->limits.capabilities, ::testing::Contains("aesthetic_score"));
  EXPECT_EQ(ExamineModel({base, {}})->family, "sdxl");
  const auto pipeline = Load({refiner, {}});
  const auto drawn = Draw(pipeline.get(), Request());
  EXPECT_LE(LargestDifference(drawn, Draw(Load({base, {}}).get(), Request())), 1);
  for (auto score :
       {&GenerationRequest::aesthetic_score, &GenerationRequest::negative_aesthetic_score}) {
    GenerationRequest other = Request();
    other.*score = 2;
    EXPECT_GT(LargestDifference(Draw(pipeline.get(), other), drawn), 1);
  }
}

TEST_F(RefinerTest, DrawsTheSameBitsStreamedFromTheHostAndADonor) {
  const std::string refiner = Model(refiner_, true);
  const auto drawn = Draw(Load({refiner, {}}).get(), Request());
  for (const char* expression : {"cpu,*;compute=cpu:0|clip:cpu,*", "donors=cpu:1"}) {
    LoadOptions options;
    options.placement.expression = expression;
    const auto pipeline = LoadPipeline({refiner, {}}, options);
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    EXPECT_EQ(Draw(pipeline->get(), Request()), drawn) << expression;
  }
}

TEST_F(RefinerTest, SaysHowManyNumbersTheUnetMayTake) {
  const std::string refiner = Model(refiner_, true);
  nlohmann::json config = ReadJson(refiner + "/text_encoder_2/config.json");
  config["projection_dim"] = 39;
  refiner_.Write("text_encoder_2/config.json", config.dump());
  EXPECT_FALSE(ExamineModel({refiner, {}}).ok());
}

}  // namespace
}  // namespace hanga
