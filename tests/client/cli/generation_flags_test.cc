// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/generation_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hanga::cli {
namespace {

using testing::HasSubstr;

// The request that a command line makes; parse errors are thrown as CLI11 does.
absl::StatusOr<v1::SubmitJobRequest> Parse(std::vector<std::string> arguments) {
  CLI::App app;
  GenerationFlags flags;
  flags.AddTo(app);
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return flags.Request(absl::FromUnixSeconds(1'000));
}

TEST(GenerationFlagsTest, LeavesUnsetWhatIsNotGiven) {
  const auto request = Parse({"a boat"});
  ASSERT_TRUE(request.ok()) << request.status();
  v1::SubmitJobRequest expected;
  expected.mutable_spec()->set_prompt("a boat");
  EXPECT_EQ(request->SerializeAsString(), expected.SerializeAsString());
}

TEST(GenerationFlagsTest, FillsEveryField) {
  const auto request = Parse({"a boat",
                              "--model",
                              "demo",
                              "--negative",
                              "people",
                              "--size",
                              "256x192",
                              "--steps",
                              "20",
                              "--seed",
                              "18446744073709551615",
                              "--images",
                              "4",
                              "--guidance",
                              "3.5",
                              "--true-cfg",
                              "2",
                              "--sampler",
                              "euler",
                              "--format",
                              "webp",
                              "--quality",
                              "80",
                              "--preview-interval",
                              "5",
                              "--priority",
                              "high",
                              "--deadline",
                              "10m",
                              "--label",
                              "album=sea",
                              "--label",
                              "x=",
                              "--request-id",
                              "id"});
  ASSERT_TRUE(request.ok()) << request.status();
  const v1::GenerationSpec& spec = request->spec();
  EXPECT_EQ(spec.model(), "models/demo");
  EXPECT_EQ(spec.negative_prompt(), "people");
  EXPECT_EQ(spec.width(), 256u);
  EXPECT_EQ(spec.height(), 192u);
  EXPECT_EQ(spec.steps(), 20u);
  EXPECT_EQ(spec.seed(), 18446744073709551615u);
  EXPECT_EQ(spec.num_images(), 4u);
  EXPECT_EQ(spec.guidance_scale(), 3.5);
  EXPECT_EQ(spec.true_cfg_scale(), 2);
  EXPECT_EQ(spec.sampler(), "euler");
  EXPECT_EQ(spec.output_format(), v1::OUTPUT_FORMAT_WEBP);
  EXPECT_EQ(spec.quality(), 80u);
  EXPECT_EQ(spec.preview_interval(), 5u);
  EXPECT_EQ(request->priority(), v1::PRIORITY_HIGH);
  EXPECT_EQ(request->queue_deadline().seconds(), 1'600);
  EXPECT_EQ(request->labels().at("album"), "sea");
  EXPECT_EQ(request->labels().at("x"), "");
  EXPECT_EQ(request->request_id(), "id");
}

TEST(GenerationFlagsTest, FillsWhatGoesBeyondTextToImage) {
  const auto request = Parse({"a boat",  "--strength",
                              "0.6",     "--mask-blur",
                              "4",       "--syntax",
                              "a1111",   "--clip-skip",
                              "1",       "--eta",
                              "0.5",     "--guidance-rescale",
                              "0.7",     "--guidance-start",
                              "0.1",     "--guidance-end",
                              "0.9",     "--upscale",
                              "1.5",     "--upscale-space",
                              "pixel",   "--upscale-method",
                              "bicubic", "--upscale-strength",
                              "0.4",     "--upscale-steps",
                              "12"});
  ASSERT_TRUE(request.ok()) << request.status();
  const v1::GenerationSpec& spec = request->spec();
  EXPECT_EQ(spec.strength(), 0.6);
  EXPECT_EQ(spec.mask_blur(), 4u);
  EXPECT_EQ(spec.prompt_syntax(), v1::PROMPT_SYNTAX_A1111);
  EXPECT_EQ(spec.clip_skip(), 1u);
  EXPECT_EQ(spec.eta(), 0.5);
  EXPECT_EQ(spec.guidance_rescale(), 0.7);
  EXPECT_EQ(spec.guidance_start(), 0.1);
  EXPECT_EQ(spec.guidance_end(), 0.9);
  EXPECT_EQ(spec.second_pass().scale(), 1.5);
  EXPECT_EQ(spec.second_pass().space(), v1::UPSCALE_SPACE_PIXEL);
  EXPECT_EQ(spec.second_pass().method(), v1::UPSCALE_METHOD_BICUBIC);
  EXPECT_EQ(spec.second_pass().strength(), 0.4);
  EXPECT_EQ(spec.second_pass().steps(), 12u);
  EXPECT_THROW((void)Parse({"a", "--syntax", "else"}), CLI::ParseError);
}

TEST(GenerationFlagsTest, LeavesLimitsToTheServer) {
  const auto request = Parse({"", "--steps", "0", "--size", "0x100000", "--guidance", "nan"});
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE(request->spec().has_steps());
  EXPECT_EQ(request->spec().height(), 100'000u);
  EXPECT_TRUE(std::isnan(request->spec().guidance_scale()));
}

TEST(GenerationFlagsTest, NamesTheFlagThatCannotBeRead) {
  for (const char* size :
       {"256", "256x", "x256", "256x192x1", "256*192", "-1x5", "99999999999x1"}) {
    EXPECT_THAT(Parse({"a", std::string("--size=") + size}).status().message(), HasSubstr("--size"))
        << size;
  }
  EXPECT_THAT(Parse({"a", "--label", "novalue"}).status().message(), HasSubstr("--label"));
  EXPECT_THAT(Parse({"a", "--deadline", "10"}).status().message(), HasSubstr("--deadline"));
  EXPECT_THROW((void)Parse({"a", "--format", "bmp"}), CLI::ParseError);
  EXPECT_THROW((void)Parse({"a", "--steps", "-1"}), CLI::ParseError);
  EXPECT_THROW((void)Parse({}), CLI::ParseError);
}

}  // namespace
}  // namespace hanga::cli
