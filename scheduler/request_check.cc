// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/request_check.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace hanga {
namespace {

constexpr size_t kMaxPromptBytes = 32'000;
constexpr size_t kMaxLabels = 16, kMaxLabelBytes = 63;
constexpr uint32_t kMaxSteps = 1'000, kMaxImages = 1'000, kMaxSide = 65'536;

bool IsUtf8(absl::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (utf8proc_ssize_t left = static_cast<utf8proc_ssize_t>(text.size()); left > 0;) {
    utf8proc_int32_t codepoint = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(at, left, &codepoint);
    if (used <= 0) return false;
    at += used;
    left -= used;
  }
  return true;
}

class Checker {
 public:
  explicit Checker(const v1::Model& model)
      : limits_(model.limits()), examined_(model.has_limits()) {}

  void CheckText(absl::string_view field, const std::string& text, bool required) {
    if (required && text.empty()) {
      Add(field, absl::StrCat("must be set: 1 to ", kMaxPromptBytes, " bytes of UTF-8"));
    } else if (text.size() > kMaxPromptBytes) {
      Add(field,
          absl::StrCat("has ", text.size(), " bytes, at most ", kMaxPromptBytes, " are allowed"));
    } else if (!IsUtf8(text)) {
      Add(field, "is not valid UTF-8");
    }
  }

  template <typename Number>
  void CheckRange(absl::string_view field, bool set, Number value, Number low, Number high) {
    if (!set || (value >= low && value <= high)) return;
    Add(field, absl::StrCat("is ", value, ", must be ", low, " to ", high));
  }

  void CheckSide(absl::string_view field, bool set, uint32_t value, uint32_t low, uint32_t high) {
    if (!set) return;
    low = std::max(low, 1U);
    high = high == 0 ? kMaxSide : high;
    const uint32_t multiple = std::max(limits_.size_multiple(), 1U);
    if (value >= low && value <= high && value % multiple == 0) return;
    Add(field, absl::StrCat("is ", value, " pixels, must be a multiple of ", multiple, " from ",
                            low, " to ", high));
  }

  void CheckPixels(const v1::GenerationSpec& spec, const v1::GenerationSpec& defaults) {
    const uint64_t width = spec.has_width() ? spec.width() : defaults.width();
    const uint64_t height = spec.has_height() ? spec.height() : defaults.height();
    if (limits_.max_pixels() == 0 || width * height <= limits_.max_pixels()) return;
    Add("spec.width", absl::StrCat("times height is ", width, " x ", height, " = ", width * height,
                                   " pixels, at most ", limits_.max_pixels(), " are allowed"));
  }

  void CheckSampler(const std::string& sampler) {
    const auto& known = limits_.samplers();
    if (sampler.empty() || !examined_ ||
        std::find(known.begin(), known.end(), sampler) != known.end()) {
      return;
    }
    Add("spec.sampler", absl::StrCat("is \"", sampler.substr(0, 64), "\", this model has ",
                                     absl::StrJoin(known, ", ")));
  }

  // Fields of the API that a family of models may lack.
  void CheckCapability(absl::string_view field, bool set) {
    const auto& known = limits_.capabilities();
    if (!set || std::find(known.begin(), known.end(), field) != known.end()) return;
    Add(absl::StrCat("spec.", field), "is not supported by this model");
  }

  uint32_t Limit(uint32_t of_model, uint32_t of_api) const {
    return of_model == 0 ? of_api : std::min(of_model, of_api);
  }

  const v1::ModelLimits& limits() const { return limits_; }
  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  void Add(absl::string_view field, std::string description) {
    violations_.push_back({std::string(field), std::move(description)});
  }

  const v1::ModelLimits& limits_;
  const bool examined_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

std::vector<FieldViolation> CheckSpec(const v1::GenerationSpec& spec, const v1::Model& model) {
  Checker check(model);
  const v1::ModelLimits& limits = check.limits();
  check.CheckText("spec.prompt", spec.prompt(), /*required=*/true);
  check.CheckText("spec.prompt_2", spec.prompt_2(), false);
  check.CheckText("spec.negative_prompt", spec.negative_prompt(), false);
  check.CheckText("spec.negative_prompt_2", spec.negative_prompt_2(), false);
  check.CheckRange("spec.max_sequence_length", spec.has_max_sequence_length(),
                   spec.max_sequence_length(), 1U, check.Limit(limits.max_sequence_length(), 512));
  check.CheckRange("spec.steps", spec.has_steps(), spec.steps(), 1U,
                   check.Limit(limits.max_steps(), kMaxSteps));
  // NaN is in no range.
  check.CheckRange("spec.guidance_scale", spec.has_guidance_scale(), spec.guidance_scale(), 0.0,
                   100.0);
  check.CheckRange("spec.true_cfg_scale", spec.has_true_cfg_scale(), spec.true_cfg_scale(), 1.0,
                   100.0);
  check.CheckRange("spec.shift", spec.has_shift(), spec.shift(), 0.01, 100.0);
  check.CheckSampler(spec.sampler());
  check.CheckSide("spec.width", spec.has_width(), spec.width(), limits.min_width(),
                  limits.max_width());
  check.CheckSide("spec.height", spec.has_height(), spec.height(), limits.min_height(),
                  limits.max_height());
  check.CheckPixels(spec, model.defaults());
  check.CheckRange("spec.num_images", spec.has_num_images(), spec.num_images(), 1U,
                   check.Limit(limits.max_images(), kMaxImages));
  check.CheckRange<int>("spec.output_format", true, spec.output_format(), 0,
                        v1::OutputFormat_ARRAYSIZE - 1);
  check.CheckRange("spec.quality", spec.has_quality(), spec.quality(), 1U, 100U);
  check.CheckRange("spec.preview_interval", spec.has_preview_interval(), spec.preview_interval(),
                   0U, 1'000U);
  check.CheckCapability("prompt_syntax", spec.prompt_syntax() > v1::PROMPT_SYNTAX_PLAIN);
  check.CheckCapability("init_image", spec.has_init_image());
  check.CheckCapability("strength", spec.has_strength());
  check.CheckCapability("mask", spec.has_mask());
  check.CheckCapability("mask_blur", spec.has_mask_blur());
  check.CheckCapability("loras", spec.loras_size() > 0);
  check.CheckCapability("controls", spec.controls_size() > 0);
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
