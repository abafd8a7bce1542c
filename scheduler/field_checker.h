// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Collects what is wrong with a specification, field by field. Free of the fields' meaning.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hanga/v1/model_service.pb.h"
#include "scheduler/status_details.h"

namespace hanga {

bool IsUtf8(absl::string_view text);

// `model` outlives it. One that no worker has examined yet allows what the API does.
// Not thread-safe.
class FieldChecker {
 public:
  explicit FieldChecker(const v1::Model& model)
      : limits_(model.limits()), examined_(model.has_limits()) {}

  void CheckText(absl::string_view field, const std::string& text, bool required);
  // NaN is in no range.
  template <typename Number>
  void CheckRange(absl::string_view field, bool set, Number value, Number low, Number high) {
    if (!set || (value >= low && value <= high)) return;
    Add(field, absl::StrCat("is ", value, ", must be ", low, " to ", high));
  }
  void CheckAbove(absl::string_view field, bool set, double value, double low, double high);
  // A side of the picture in pixels.
  void CheckSide(absl::string_view field, bool set, uint32_t value, uint32_t low, uint32_t high);
  void CheckSampler(const std::string& sampler);
  // A field that a family of models may lack. "spec." is put before it.
  void CheckCapability(absl::string_view field, bool set);
  // A field that says nothing without another.
  void CheckNeeds(absl::string_view field, bool set, absl::string_view other, bool other_set);

  uint32_t Limit(uint32_t of_model, uint32_t of_api) const;
  void Add(absl::string_view field, std::string description) {
    violations_.push_back({std::string(field), std::move(description)});
  }

  const v1::ModelLimits& limits() const { return limits_; }
  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  const v1::ModelLimits& limits_;
  const bool examined_;
  std::vector<FieldViolation> violations_;
};

}  // namespace hanga
