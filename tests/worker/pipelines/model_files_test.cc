// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "worker/pipelines/pipeline.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A copy of the tiny model that a test may spoil.
class ModelFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::copy(HANGA_SOURCE_DIR "/tests/golden/models/flux_dev", root_, fs::copy_options::recursive);
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  void Replace(const std::string& name, const std::string& from, const std::string& to) {
    std::ifstream in(root_ / name, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(in), {});
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    Write(name, text.replace(at, from.size(), to));
  }
  absl::Status Examine(std::map<std::string, std::string> components = {}) {
    return ExamineModel({root_, std::move(components)}).status();
  }
  // The model is refused, for this reason, and the reason holds no path of this machine.
  void ExpectRefused(const absl::Status& status, const std::string& reason) {
    EXPECT_THAT(status.code(),
                AnyOf(absl::StatusCode::kFailedPrecondition, absl::StatusCode::kInvalidArgument,
                      absl::StatusCode::kNotFound))
        << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(root_.string())));
  }

  fs::path root_;
};

TEST_F(ModelFilesTest, TakesTheModelAsItIs) { EXPECT_TRUE(Examine().ok()); }

TEST_F(ModelFilesTest, RefusesAFolderWithoutAnIndex) {
  fs::remove(root_ / "model_index.json");
  ExpectRefused(Examine(), "model_index.json");
}

TEST_F(ModelFilesTest, RefusesIndexesOfOtherPipelines) {
  Replace("model_index.json", "FluxPipeline", "MagicPipeline");
  ExpectRefused(Examine(), "MagicPipeline");
  Write("model_index.json", "{]");
  ExpectRefused(Examine(), "not a JSON object");
  Write("model_index.json", "{}");
  ExpectRefused(Examine(), "_class_name");
}

TEST_F(ModelFilesTest, NamesTheComponentThatIsMissing) {
  fs::remove_all(root_ / "vae");
  ExpectRefused(Examine(), "vae");
}

TEST_F(ModelFilesTest, NamesTheComponentWhoseWeightsAreMissing) {
  fs::remove(root_ / "text_encoder" / "model.safetensors");
  ExpectRefused(Examine(), "text_encoder");
}

TEST_F(ModelFilesTest, RefusesTruncatedWeights) {
  fs::resize_file(root_ / "vae" / "diffusion_pytorch_model.safetensors", 100'000);
  ExpectRefused(Examine(), "vae");
}

TEST_F(ModelFilesTest, RefusesHeadersOfAbsurdLength) {
  Write("vae/diffusion_pytorch_model.safetensors", std::string(8, '\x7f') + "{}");
  ExpectRefused(Examine(), "vae");
}

TEST_F(ModelFilesTest, ListsMissingAndUnexpectedKeys) {
  Replace("transformer/config.json", "\"num_layers\": 2", "\"num_layers\": 3");
  ExpectRefused(Examine(), "double_blocks.2");
  Replace("transformer/config.json", "\"num_layers\": 3", "\"num_layers\": 1");
  ExpectRefused(Examine(), "double_blocks.1");
}

TEST_F(ModelFilesTest, SaysWhichShapesAreWrong) {
  Replace("text_encoder/config.json", "\"intermediate_size\": 80", "\"intermediate_size\": 96");
  ExpectRefused(Examine(), "text_encoder");
}

TEST_F(ModelFilesTest, NamesTheFieldOfABadConfiguration) {
  Replace("scheduler/scheduler_config.json", "\"shift\": 3.0", "\"shift\": \"x\"");
  ExpectRefused(Examine(), "shift");
}

TEST_F(ModelFilesTest, ReadsHangasSettings) {
  Write("hanga.json", R"({"defaults": {"steps": 9}})");
  EXPECT_EQ(ExamineModel({root_, {}})->defaults.steps, 9);
  Write("hanga.json", R"({"defaults": {"steps": 0}})");
  ExpectRefused(Examine(), "defaults.steps");
}

TEST_F(ModelFilesTest, RefusesComponentsThatAreNotOfTheFamily) {
  ExpectRefused(Examine({{"unet", root_}}), "components.unet");
  ExpectRefused(Examine({{"vae", "/no/such/file"}}), "components.vae");
}

TEST_F(ModelFilesTest, AsksForWhatACheckpointDoesNotHold) {
  fs::remove(root_ / "model_index.json");
  const std::string file = root_ / "flux1-dev.safetensors";
  ExpectRefused(ExamineModel({file, {}}).status(), "components.text_encoder");
  fs::remove_all(root_ / "tokenizer");
  ExpectRefused(ExamineModel({file, {}}).status(), "components.tokenizer");
}

TEST_F(ModelFilesTest, TakesSplitFilesWithTheirTokenizers) {
  fs::remove(root_ / "model_index.json");
  std::map<std::string, std::string> components = {
      {"text_encoder", root_ / "text_encoder" / "model.safetensors"},
      {"text_encoder_2", root_ / "text_encoder_2"},
      {"vae", root_ / "ae.safetensors"},
      {"tokenizer", root_ / "tokenizer"},
      {"tokenizer_2", root_ / "tokenizer_2"}};
  const auto facts = ExamineModel({root_ / "flux1-dev.safetensors", components});
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->defaults.guidance_scale, 3.5);
  EXPECT_EQ(facts->defaults.steps, 28);
}

TEST_F(ModelFilesTest, RefusesFilesThatAreNoModel) {
  ExpectRefused(ExamineModel({root_ / "model_index.json", {}}).status(), ".safetensors");
  ExpectRefused(ExamineModel({root_ / "nothing", {}}).status(), "no such file");
  ExpectRefused(ExamineModel({root_ / "ae.safetensors", {}}).status(), "keys");
}

}  // namespace
}  // namespace hanga
