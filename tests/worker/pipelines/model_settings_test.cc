// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/model_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hanga {
namespace {

using ::testing::HasSubstr;

class ModelSettingsTest : public ::testing::Test {
 protected:
  ModelSettingsTest() {
    limits_.min_side = 16;
    limits_.max_side = 4096;
    limits_.max_pixels = 1 << 24;
    limits_.max_steps = 1000;
    limits_.max_sequence_length = 512;
  }
  absl::Status Apply(const char* text) {
    return ApplyModelSettings(nlohmann::json::parse(text), &limits_, &defaults_);
  }
  ModelLimits limits_;
  GenerationRequest defaults_;
};

TEST_F(ModelSettingsTest, WritesOverWhatTheFamilySays) {
  ASSERT_TRUE(Apply(R"({"limits": {"max_side": 1024},
                        "defaults": {"width": 256, "steps": 20, "guidance_scale": 0.5}})")
                  .ok());
  EXPECT_EQ(limits_.max_side, 1024);
  EXPECT_EQ(defaults_.width, 256);
  EXPECT_EQ(defaults_.steps, 20);
  EXPECT_EQ(defaults_.guidance_scale, 0.5);
}

TEST_F(ModelSettingsTest, HoldsDefaultsToTheNewLimits) {
  const absl::Status status =
      Apply(R"({"defaults": {"width": 2048}, "limits": {"max_side": 1024}})");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("defaults.width"));
}

TEST_F(ModelSettingsTest, NamesWhatItCannotUse) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"default": {}})", "default is not known"},
      {R"({"defaults": {"colour": 1}})", "defaults.colour"},
      {R"({"defaults": []})", "defaults"},
      {R"({"defaults": {"steps": 0}})", "1 to 1000"},
      {R"({"defaults": {"steps": 2.5}})", "defaults.steps"},
      {R"({"defaults": {"guidance_scale": "high"}})", "defaults.guidance_scale"},
      {R"({"limits": {"max_side": 8192}})", "limits.max_side"},
      {R"({"limits": {"min_side": 512, "max_side": 256}})", "min_side"},
  };
  for (const auto& [text, detail] : cases) {
    const ModelLimits before = limits_;
    const absl::Status status = Apply(text);
    limits_ = before;
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(detail));
  }
}

}  // namespace
}  // namespace hanga
