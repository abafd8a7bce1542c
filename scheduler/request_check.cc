// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/request_check.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "scheduler/field_checker.h"
#include "scheduler/request_extras_check.h"

namespace hanga {
namespace {

constexpr size_t kMaxLabels = 16, kMaxLabelBytes = 63;
constexpr uint32_t kMaxSteps = 1'000, kMaxImages = 1'000;

void CheckPixels(const v1::GenerationSpec& spec, const v1::GenerationSpec& defaults,
                 FieldChecker* check) {
  if (spec.has_init_image() && !spec.has_width()) return;  // the picture's: its worker sees it
  const uint64_t width = spec.has_width() ? spec.width() : defaults.width();
  const uint64_t height = spec.has_height() ? spec.height() : defaults.height();
  const uint64_t most = check->limits().max_pixels();
  if (most == 0 || width * height <= most) return;
  check->Add("spec.width", absl::StrCat("times height is ", width, " x ", height, " = ",
                                        width * height, " pixels, at most ", most, " are allowed"));
}

void CheckPrompts(const v1::GenerationSpec& spec, FieldChecker* check) {
  check->CheckText("spec.prompt", spec.prompt(), /*required=*/true);
  check->CheckText("spec.prompt_2", spec.prompt_2(), false);
  check->CheckText("spec.negative_prompt", spec.negative_prompt(), false);
  check->CheckText("spec.negative_prompt_2", spec.negative_prompt_2(), false);
  check->CheckRange<int>("spec.prompt_syntax", true, spec.prompt_syntax(), 0,
                         v1::PromptSyntax_ARRAYSIZE - 1);
  check->CheckCapability("prompt_syntax", spec.prompt_syntax() > v1::PROMPT_SYNTAX_PLAIN);
  check->CheckRange("spec.max_sequence_length", spec.has_max_sequence_length(),
                    spec.max_sequence_length(), 1U,
                    check->Limit(check->limits().max_sequence_length(), 512));
  check->CheckCapability("clip_skip", spec.clip_skip() > 0);
  check->CheckRange("spec.clip_skip", spec.has_clip_skip(), spec.clip_skip(), 0U, 11U);
}

void CheckGuidance(const v1::GenerationSpec& spec, FieldChecker* check) {
  check->CheckRange("spec.guidance_scale", spec.has_guidance_scale(), spec.guidance_scale(), 0.0,
                    100.0);
  check->CheckRange("spec.true_cfg_scale", spec.has_true_cfg_scale(), spec.true_cfg_scale(), 1.0,
                    100.0);
  check->CheckCapability("guidance_rescale", spec.guidance_rescale() > 0);
  check->CheckRange("spec.guidance_rescale", spec.has_guidance_rescale(), spec.guidance_rescale(),
                    0.0, 1.0);
  const bool part =
      spec.guidance_start() > 0 || (spec.has_guidance_end() && spec.guidance_end() < 1);
  check->CheckCapability("guidance_start", part);
  check->CheckRange("spec.guidance_start", spec.has_guidance_start(), spec.guidance_start(), 0.0,
                    1.0);
  check->CheckRange("spec.guidance_end", spec.has_guidance_end(), spec.guidance_end(), 0.0, 1.0);
  const double end = spec.has_guidance_end() ? spec.guidance_end() : 1.0;
  if (spec.guidance_start() > end) {
    check->Add("spec.guidance_start",
               absl::StrCat("is ", spec.guidance_start(), ", must be up to guidance_end, ", end));
  }
  check->CheckCapability("aesthetic_score",
                         spec.has_aesthetic_score() || spec.has_negative_aesthetic_score());
  check->CheckRange("spec.aesthetic_score", spec.has_aesthetic_score(), spec.aesthetic_score(), 0.0,
                    10.0);
  check->CheckRange("spec.negative_aesthetic_score", spec.has_negative_aesthetic_score(),
                    spec.negative_aesthetic_score(), 0.0, 10.0);
}

}  // namespace

std::vector<FieldViolation> CheckSpec(const v1::GenerationSpec& spec, const v1::Model& model) {
  FieldChecker check(model);
  const v1::ModelLimits& limits = check.limits();
  CheckPrompts(spec, &check);
  check.CheckRange("spec.steps", spec.has_steps(), spec.steps(), 1U,
                   check.Limit(limits.max_steps(), kMaxSteps));
  CheckGuidance(spec, &check);
  check.CheckRange("spec.shift", spec.has_shift(), spec.shift(), 0.01, 100.0);
  check.CheckCapability("eta", spec.eta() > 0);
  check.CheckRange("spec.eta", spec.has_eta(), spec.eta(), 0.0, 1.0);
  check.CheckSampler(spec.sampler());
  check.CheckSide("spec.width", spec.has_width(), spec.width(), limits.min_width(),
                  limits.max_width());
  check.CheckSide("spec.height", spec.has_height(), spec.height(), limits.min_height(),
                  limits.max_height());
  CheckPixels(spec, model.defaults(), &check);
  check.CheckRange("spec.num_images", spec.has_num_images(), spec.num_images(), 1U,
                   check.Limit(limits.max_images(), kMaxImages));
  check.CheckRange<int>("spec.output_format", true, spec.output_format(), 0,
                        v1::OutputFormat_ARRAYSIZE - 1);
  check.CheckRange("spec.quality", spec.has_quality(), spec.quality(), 1U, 100U);
  check.CheckRange("spec.preview_interval", spec.has_preview_interval(), spec.preview_interval(),
                   0U, 1'000U);
  CheckPictures(spec, &check);
  CheckSecondPass(spec, model.defaults(), &check);
  CheckAdapters(spec, &check);
  check.CheckCapability("num_frames", spec.has_num_frames());
  check.CheckCapability("fps", spec.has_fps());
  return check.Take();
}

std::vector<FieldViolation> CheckSubmit(const v1::SubmitJobRequest& request, absl::Time now) {
  std::vector<FieldViolation> violations;
  if (request.request_id().size() > 128 || !IsUtf8(request.request_id())) {
    violations.push_back({"request_id", "must be at most 128 bytes of UTF-8"});
  }
  if (!v1::Priority_IsValid(request.priority())) {
    violations.push_back({"priority", absl::StrCat("is ", request.priority(), ", must be 0 to 3")});
  }
  if (request.labels().size() > kMaxLabels) {
    violations.push_back(
        {"labels", absl::StrCat("has ", request.labels().size(), " entries, at most ", kMaxLabels,
                                " are allowed")});
  }
  for (const auto& [key, value] : request.labels()) {
    if (key.empty() || key.size() > kMaxLabelBytes || value.size() > kMaxLabelBytes ||
        !IsUtf8(key) || !IsUtf8(value)) {
      violations.push_back({absl::StrCat("labels.", key.substr(0, kMaxLabelBytes)),
                            "keys must be 1 to 63 bytes of UTF-8, values up to 63"});
    }
  }
  if (request.has_queue_deadline()) {
    const auto& deadline = request.queue_deadline();
    const absl::Time time =
        absl::FromUnixSeconds(deadline.seconds()) + absl::Nanoseconds(deadline.nanos());
    if (time <= now) {
      violations.push_back({"queue_deadline", absl::StrCat("is ", absl::FormatTime(time),
                                                           ", must be in the future")});
    }
  }
  return violations;
}

}  // namespace hanga
