// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/field_checker.h"

#include <utf8proc.h>

#include <algorithm>

#include "absl/strings/str_join.h"

namespace hanga {
namespace {

constexpr size_t kMaxPromptBytes = 32'000;
constexpr uint32_t kMaxSide = 65'536;

}  // namespace

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

void FieldChecker::CheckText(absl::string_view field, const std::string& text, bool required) {
  if (required && text.empty()) {
    Add(field, absl::StrCat("must be set: 1 to ", kMaxPromptBytes, " bytes of UTF-8"));
  } else if (text.size() > kMaxPromptBytes) {
    Add(field,
        absl::StrCat("has ", text.size(), " bytes, at most ", kMaxPromptBytes, " are allowed"));
  } else if (!IsUtf8(text)) {
    Add(field, "is not valid UTF-8");
  }
}

void FieldChecker::CheckAbove(absl::string_view field, bool set, double value, double low,
                              double high) {
  if (!set || (value > low && value <= high)) return;
  Add(field, absl::StrCat("is ", value, ", must be above ", low, ", up to ", high));
}

void FieldChecker::CheckSide(absl::string_view field, bool set, uint32_t value, uint32_t low,
                             uint32_t high) {
  if (!set) return;
  low = std::max(low, 1U);
  high = high == 0 ? kMaxSide : high;
  const uint32_t multiple = std::max(limits_.size_multiple(), 1U);
  if (value >= low && value <= high && value % multiple == 0) return;
  Add(field, absl::StrCat("is ", value, " pixels, must be a multiple of ", multiple, " from ", low,
                          " to ", high));
}

void FieldChecker::CheckSampler(const std::string& sampler) {
  const auto& known = limits_.samplers();
  if (sampler.empty() || !examined_ ||
      std::find(known.begin(), known.end(), sampler) != known.end()) {
    return;
  }
  Add("spec.sampler", absl::StrCat("is \"", sampler.substr(0, 64), "\", this model has ",
                                   absl::StrJoin(known, ", ")));
}

void FieldChecker::CheckCapability(absl::string_view field, bool set) {
  const auto& known = limits_.capabilities();
  if (!set || !examined_ || std::find(known.begin(), known.end(), field) != known.end()) return;
  Add(absl::StrCat("spec.", field), "is not supported by this model");
}

void FieldChecker::CheckNeeds(absl::string_view field, bool set, absl::string_view other,
                              bool other_set) {
  if (set && !other_set) Add(field, absl::StrCat("is set, but ", other, " is not"));
}

uint32_t FieldChecker::Limit(uint32_t of_model, uint32_t of_api) const {
  return of_model == 0 ? of_api : std::min(of_model, of_api);
}

}  // namespace hanga
