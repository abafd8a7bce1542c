// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Reads the fields of a scheduler_config.json with their ranges. Free of Torch.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace hanga {

// A field that is absent or null has the fallback. The first fault is kept and names the field and
// its value; after it, reads give fallbacks. Not thread-safe. Refers to the JSON that it reads.
class SchedulerFields {
 public:
  explicit SchedulerFields(const nlohmann::json& config) : config_(config) {}

  bool Flag(const std::string& field, bool fallback);
  int64_t Integer(const std::string& field, int64_t fallback, int64_t min, int64_t max);
  double Real(const std::string& field, double fallback, double min, double max);
  std::optional<double> OptionalReal(const std::string& field, double min, double max);
  // One of `allowed`.
  std::string Text(const std::string& field, const std::string& fallback,
                   const std::vector<std::string>& allowed);
  // Numbers from 0 to 1.
  std::vector<double> Fractions(const std::string& field);

  // For what ranges cannot say: `field` is at fault unless `holds`.
  void Require(bool holds, const std::string& field, const std::string& must);

  const absl::Status& status() const { return status_; }  // FAILED_PRECONDITION

 private:
  const nlohmann::json* Find(const std::string& field) const;

  const nlohmann::json& config_;
  absl::Status status_;
};

}  // namespace hanga
