// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/request_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace hanga {
namespace {

using ::testing::HasSubstr;

ModelLimits Limits() {
  ModelLimits limits;
  limits.min_side = 16;
  limits.max_side = 4096;
  limits.max_pixels = 4096 * 2048;
  limits.size_multiple = 16;
  limits.max_steps = 1000;
  limits.max_sequence_length = 512;
  return limits;
}

GenerationRequest Good() {
  GenerationRequest r;
  r.prompt = "a boat";
  r.max_sequence_length = 64;
  r.steps = 20;
  r.width = r.height = 256;
  return r;
}

TEST(RequestCheckTest, TakesWhatIsWithinLimits) {
  EXPECT_TRUE(CheckRequest(Good(), Limits()).ok());
}

TEST(RequestCheckTest, NamesFieldValueAndLimit) {
  struct Bad {
    std::function<void(GenerationRequest*)> change;
    const char *field, *detail;
  };
  const Bad cases[] = {
      {[](auto* r) { r->prompt.clear(); }, "prompt:", "empty"},
      {[](auto* r) { r->prompt.assign(100'000, 'x'); }, "prompt:", "32000"},
      {[](auto* r) { r->negative_prompt.assign(32'001, 'x'); }, "negative_prompt:", "32001"},
      {[](auto* r) { r->steps = 0; }, "steps:", "1 to 1000"},
      {[](auto* r) { r->steps = 10'001; }, "steps:", "10001"},
      {[](auto* r) { r->width = 0; }, "width:", "16 to 4096"},
      {[](auto* r) { r->height = 7; }, "height:", "7"},
      {[](auto* r) { r->height = 17; }, "height:", "multiple of 16"},
      {[](auto* r) { r->width = 100'000; }, "width:", "100000"},
      {[](auto* r) { r->width = r->height = 4096; }, "width:", "pixels"},
      {[](auto* r) { r->guidance_scale = std::nan(""); }, "guidance_scale:", "nan"},
      {[](auto* r) { r->true_cfg_scale = 0.5; }, "true_cfg_scale:", "1 to 100"},
      {[](auto* r) { r->true_cfg_scale = INFINITY; }, "true_cfg_scale:", "inf"},
      {[](auto* r) { r->shift = 0; }, "shift:", "0.01"},
      {[](auto* r) { r->max_sequence_length = 513; }, "max_sequence_length:", "512"},
  };
  for (const Bad& bad : cases) {
    GenerationRequest request = Good();
    bad.change(&request);
    const absl::Status status = CheckRequest(request, Limits());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.field;
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.field));
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.detail));
  }
}

TEST(RequestCheckTest, TellsRequestsApartByEveryField) {
  const std::string text = CanonicalText(Good());
  EXPECT_EQ(CanonicalText(Good()), text);
  const std::function<void(GenerationRequest*)> changes[] = {
      [](auto* r) { r->prompt = "a boa"; },   [](auto* r) { r->prompt_2 = "t"; },
      [](auto* r) { r->seed = 1; },           [](auto* r) { r->steps = 21; },
      [](auto* r) { r->width = 272; },        [](auto* r) { r->guidance_scale = 1e-9; },
      [](auto* r) { r->shift = 3; },          [](auto* r) { r->sampler = "euler"; },
      [](auto* r) { r->true_cfg_scale = 2; },
  };
  for (const auto& change : changes) {
    GenerationRequest request = Good();
    change(&request);
    EXPECT_NE(CanonicalText(request), text);
  }
}

}  // namespace
}  // namespace hanga
