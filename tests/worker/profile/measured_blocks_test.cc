// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/measured_blocks.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hanga {
namespace {

class MeasuredBlocksTest : public testing::Test {
 protected:
  MeasuredBlocksTest() {
    profile_.blocks.resize(2);
    profile_.blocks[0].name = "a";
    profile_.blocks[1].name = "b";
    for (auto& block : profile_.blocks) block.component = "transformer";
    std::filesystem::remove_all(folder_);
  }
  ~MeasuredBlocksTest() override { std::filesystem::remove_all(folder_); }

  const std::string folder_ = testing::TempDir() + "/measured_blocks";
  const MeasuredKey key_ = {"c0ffee", "BFloat16", "gpu-1", 1024, 768};
  const MeasuredBlocks times_ = {"GPU of a kind", "transformer", {{"a", 0.002}, {"b", 0.003}}};
  placement::ModelProfile profile_;
};

TEST_F(MeasuredBlocksTest, CorrectTheProfileOfTheSameFilesTypeAndSize) {
  ASSERT_TRUE(KeepMeasured(folder_, key_, times_).ok());
  ApplyMeasured(folder_, key_, &profile_);
  EXPECT_EQ(profile_.blocks[0].measured_seconds.at("GPU of a kind"), 0.002);
  EXPECT_EQ(profile_.blocks[1].measured_seconds.at("GPU of a kind"), 0.003);
}

TEST_F(MeasuredBlocksTest, SayNothingOfAnotherSizeTypeOrModel) {
  ASSERT_TRUE(KeepMeasured(folder_, key_, times_).ok());
  for (const MeasuredKey& other : {MeasuredKey{"c0ffee", "BFloat16", "gpu-1", 1024, 1024},
                                   MeasuredKey{"c0ffee", "Float", "gpu-1", 1024, 768},
                                   MeasuredKey{"beef", "BFloat16", "gpu-1", 1024, 768}}) {
    ApplyMeasured(folder_, other, &profile_);
    EXPECT_TRUE(profile_.blocks[0].measured_seconds.empty());
  }
}

TEST_F(MeasuredBlocksTest, DevicesDoNotOverwriteEachOther) {
  ASSERT_TRUE(KeepMeasured(folder_, key_, times_).ok());
  MeasuredKey other = key_;
  other.device = "gpu-2";
  ASSERT_TRUE(KeepMeasured(folder_, other, {"another kind", "transformer", {{"a", 0.5}}}).ok());
  ApplyMeasured(folder_, key_, &profile_);
  EXPECT_EQ(profile_.blocks[0].measured_seconds.size(), 2u);
}

TEST_F(MeasuredBlocksTest, DamagedFilesAreIgnored) {
  ASSERT_TRUE(KeepMeasured(folder_, key_, times_).ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::ofstream(entry.path()) << "{\"device\": 3, \"blocks\": {\"a\": -1";
  }
  ApplyMeasured(folder_, key_, &profile_);
  EXPECT_TRUE(profile_.blocks[0].measured_seconds.empty());
}

}  // namespace
}  // namespace hanga
