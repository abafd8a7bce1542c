// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "tests/placement/flux_profile.h"

namespace hanga::placement {
namespace {

using ::testing::HasSubstr;

TEST(ProfileTest, SurvivesJson) {
  ModelProfile flux = FluxProfile();
  flux.blocks[40].measured_seconds["NVIDIA H200"] = 0.0017;
  const auto again = ParseProfile(PrintProfile(flux));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(PrintProfile(*again), PrintProfile(flux));
  EXPECT_EQ(again->blocks.size(), flux.blocks.size());
}

TEST(ProfileTest, ErrorsNameThePath) {
  const std::string good = PrintProfile(FluxProfile());
  const auto error = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto parsed = ParseProfile(text);
    return parsed.ok() ? "parsed" : std::string(parsed.status().message());
  };
  EXPECT_THAT(error("\"steps\": 28", "\"steps\": 0"), HasSubstr("steps: must be at least 1"));
  EXPECT_THAT(error("\"steps\": 28", "\"steps\": -1"), HasSubstr("profile.steps: must be a whole"));
  EXPECT_THAT(error("\"phase\": \"text_encoder\"", "\"phase\": \"text\""),
              HasSubstr("profile.blocks[0].phase: \"text\" is not a known name"));
  EXPECT_THAT(error("\"linear_flops\"", "\"flops\""), HasSubstr("linear_flops: is missing"));
  EXPECT_THAT(error("\"name\": \"layers.0\"", "\"name\": \"embeddings\""),
              HasSubstr("given twice"));
  EXPECT_THAT(error("{", "["), HasSubstr("not JSON"));
  EXPECT_THAT(std::string(ParseProfile(std::string(1000, '[')).status().message()),
              HasSubstr("nested too deeply"));
}

TEST(ProfileTest, Fp8HalvesTheDenoiserAlone) {
  const ModelProfile flux = FluxProfile(), fp8 = WithFp8Denoiser(flux);
  EXPECT_EQ(fp8.RunBytes(Phase::kDenoiser), flux.RunBytes(Phase::kDenoiser) / 2);
  EXPECT_EQ(fp8.RunBytes(Phase::kTextEncoder), flux.RunBytes(Phase::kTextEncoder));
}

}  // namespace
}  // namespace hanga::placement
