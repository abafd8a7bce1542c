// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Adapters (LoRA) through real processes: offered by a folder, uploaded with a job, refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;

// A .safetensors file of random low-rank pairs, [rank, in] and [out, rank] for each module.
struct Pair {
  std::string module;
  int in, out;
};
std::string AdapterBytes(const std::vector<Pair>& pairs, uint32_t seed) {
  constexpr int kRank = 4;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.5);
  auto header = nlohmann::ordered_json::object();
  std::string data;
  const auto add = [&](const std::string& key, int rows, int columns) {
    const size_t begin = data.size();
    for (int i = 0; i < rows * columns; ++i) {
      const float value = normal(random);
      data.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    header[key] = {
        {"dtype", "F32"}, {"shape", {rows, columns}}, {"data_offsets", {begin, data.size()}}};
  };
  for (const Pair& pair : pairs) {
    add(pair.module + ".lora_A.weight", kRank, pair.in);
    add(pair.module + ".lora_B.weight", pair.out, kRank);
  }
  const std::string text = header.dump();
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(uint64_t{text.size()} >> 8 * i);
  return bytes + text + data;
}

int HiddenSizeOfDemo() {
  std::ifstream file(DemoModel() + "/transformer/config.json");
  const auto config = nlohmann::json::parse(file);
  return config.at("num_attention_heads").get<int>() * config.at("attention_head_dim").get<int>();
}

std::string StyleBytes(uint32_t seed) {
  const int hidden = HiddenSizeOfDemo();
  return AdapterBytes({{"transformer.transformer_blocks.0.attn.to_out.0", hidden, hidden},
                       {"transformer.single_transformer_blocks.0.attn.to_v", hidden, hidden}},
                      seed);
}

class AdaptersTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    std::ofstream(*folder_ / "style.safetensors", std::ios::binary) << StyleBytes(1);
    std::ofstream(*folder_ / "other.safetensors", std::ios::binary) << AdapterBytes(
        {{"unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, 640}}, 2);
    daemon_ = std::make_unique<Daemon>(DaemonSettings{
        .models = {{"demo", DemoModel()}},
        .more = absl::StrCat("[[model]]\nname = \"styled\"\npath = \"", DemoModel(),
                             "\"\nlora_dir = \"", *folder_ / "",
                             "\"\n[[model]]\nname = \"fixed\"\n", "path = \"", DemoModel(),
                             "\"\nlora_dir = \"", *folder_ / "", "\"\nloras = [\"style:0.8\"]\n")});
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    folder_.reset();
  }

  static std::string DrawWith(const std::string& model, const std::string& lora, double weight) {
    v1::SubmitJobRequest request = PictureRequest(model);
    v1::Lora& use = *request.mutable_spec()->add_loras();
    use.set_name(lora);
    use.set_weight(weight);
    return Draw(daemon_->client(), request).bytes.at(0);
  }
  static std::string Plain(const std::string& model) {
    return Draw(daemon_->client(), PictureRequest(model)).bytes.at(0);
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Daemon> daemon_;
};

TEST_F(AdaptersTest, AnAdapterChangesThePictureOfItsJobAlone) {
  const std::string plain = Plain("styled");
  const std::string styled = DrawWith("styled", "style", 0.8);
  EXPECT_NE(styled, plain);
  EXPECT_EQ(DrawWith("styled", "style", 0.8), styled);
  EXPECT_EQ(Plain("styled"), plain);
}

TEST_F(AdaptersTest, UploadedAdapterDrawsAsTheOfferedOne) {
  const auto blob = daemon_->client().Upload(StyleBytes(1));
  ASSERT_TRUE(blob.ok()) << blob.status();
  v1::SubmitJobRequest request = PictureRequest("demo");
  v1::Lora& use = *request.mutable_spec()->add_loras();
  *use.mutable_file() = *blob;
  use.set_weight(0.8);
  const Pictures drawn = Draw(daemon_->client(), request);
  EXPECT_EQ(drawn.job.spec().loras(0).file().sha256(), blob->sha256());
  EXPECT_NE(drawn.bytes.at(0), Plain("demo"));
}

TEST_F(AdaptersTest, FixedAdapterIsPartOfTheModel) { EXPECT_NE(Plain("fixed"), Plain("styled")); }

TEST_F(AdaptersTest, RefusesAnAdapterOfAnotherModelAndGoesOn) {
  for (const auto& [name, why] :
       {std::pair{"other", "looks like an adapter for SDXL, the model is FLUX.1"},
        std::pair{"nobody", "lora 'nobody': its file is not there"}}) {
    v1::SubmitJobRequest request = PictureRequest("styled");
    request.mutable_spec()->add_loras()->set_name(name);
    const auto submitted = daemon_->client().Submit(request);
    ASSERT_TRUE(submitted.ok()) << submitted.status();
    const v1::Job job =
        FollowUntil(daemon_->client(), submitted->name(), [](const v1::Job&) { return false; });
    EXPECT_EQ(job.state(), v1::JOB_STATE_FAILED);
    EXPECT_THAT(job.error().message(), HasSubstr(why));
  }
  EXPECT_FALSE(Plain("styled").empty());
}

}  // namespace
}  // namespace hanga::system
