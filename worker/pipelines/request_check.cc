// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/request_check.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace hanga {
namespace {

absl::Status Violation(const std::string& field, const std::string& description) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", description));
}

absl::Status InRange(const std::string& field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return Violation(field, absl::StrCat(value, " is outside ", low, " to ", high));
}

absl::Status NumberInRange(const std::string& field, double value, double low, double high) {
  // Written so that NaN is outside.
  if (value >= low && value <= high) return absl::OkStatus();
  return Violation(field, absl::StrCat(value, " is outside ", low, " to ", high));
}

absl::Status CheckText(const std::string& field, const std::string& text) {
  if (text.size() <= kMaxPromptBytes) return absl::OkStatus();
  return Violation(field,
                   absl::StrCat("has ", text.size(), " bytes, the limit is ", kMaxPromptBytes));
}

absl::Status CheckSide(const std::string& field, int side, const ModelLimits& limits) {
  const absl::Status range = InRange(field, side, limits.min_side, limits.max_side);
  if (!range.ok() || side % limits.size_multiple == 0) return range;
  return Violation(field, absl::StrCat(side, " is not a multiple of ", limits.size_multiple));
}

}  // namespace

absl::Status CheckRequest(const GenerationRequest& r, const ModelLimits& limits) {
  if (r.prompt.empty()) return Violation("prompt", "is empty");
  for (const absl::Status& status :
       {CheckText("prompt", r.prompt), CheckText("prompt_2", r.prompt_2),
        CheckText("negative_prompt", r.negative_prompt),
        CheckText("negative_prompt_2", r.negative_prompt_2),
        InRange("max_sequence_length", r.max_sequence_length, 1, limits.max_sequence_length),
        InRange("steps", r.steps, 1, limits.max_steps),
        NumberInRange("guidance_scale", r.guidance_scale, 0, 100),
        NumberInRange("true_cfg_scale", r.true_cfg_scale, 1, 100),
        NumberInRange("shift", r.shift.value_or(1), 0.01, 100), NumberInRange("eta", r.eta, 0, 1),
        InRange("clip_skip", r.clip_skip, 0, 11),
        NumberInRange("guidance_rescale", r.guidance_rescale, 0, 1),
        NumberInRange("guidance_start", r.guidance_start, 0, 1),
        NumberInRange("guidance_end", r.guidance_end, 0, 1), CheckSide("width", r.width, limits),
        CheckSide("height", r.height, limits)}) {
    if (!status.ok()) return status;
  }
  const int64_t pixels = int64_t{r.width} * r.height;
  if (pixels > limits.max_pixels) {
    return Violation("width", absl::StrCat(r.width, " x ", r.height, " has ", pixels,
                                           " pixels, the limit is ", limits.max_pixels));
  }
  return absl::OkStatus();
}

std::string CanonicalText(const GenerationRequest& r) {
  std::string text;
  for (const std::string* field : {&r.prompt, &r.prompt_2, &r.negative_prompt, &r.negative_prompt_2,
                                   &r.sampler, &r.scheduler}) {
    absl::StrAppend(&text, field->size(), ":", *field, "\n");
  }
  absl::StrAppendFormat(&text, "%d %d %d %d %d %a %a %a", r.max_sequence_length, r.seed, r.steps,
                        r.width, r.height, r.guidance_scale, r.true_cfg_scale, r.shift.value_or(0));
  absl::StrAppendFormat(&text, " %a %d %a %a %a", r.eta, r.clip_skip, r.guidance_rescale,
                        r.guidance_start, r.guidance_end);
  return text;
}

}  // namespace hanga
