// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Reads the fields of a component's configuration with their ranges. Free of Torch.
//
//   ConfigReader config(json, "transformer config");
//   params.layers = config.Integer("num_layers", 19, {1, 1000});
//   if (!config.status().ok()) return config.status();
//
// A field that is absent or null has the default. The first fault is kept and names the field, its
// value and what it may be; after it, reads give defaults.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace hanga {

// Not thread-safe. Refers to the JSON that it reads.
class ConfigReader {
 public:
  struct IntegerRange {
    int64_t min = 0, max = std::numeric_limits<int32_t>::max();
  };
  struct RealRange {
    double min = 0, max = 0;
  };

  // `what` begins every error: "vae config". `code`: whose fault it is.
  ConfigReader(const nlohmann::json& config, std::string what,
               absl::StatusCode code = absl::StatusCode::kInvalidArgument);

  bool Has(const std::string& field) const;  // and it is not null
  int64_t Integer(const std::string& field, int64_t fallback, IntegerRange range);
  double Real(const std::string& field, double fallback, RealRange range);
  std::optional<double> OptionalReal(const std::string& field, RealRange range);
  bool Boolean(const std::string& field, bool fallback);
  // One of `allowed`.
  std::string Text(const std::string& field, const std::string& fallback,
                   const std::vector<std::string>& allowed);
  // From one to `max_count` numbers.
  std::vector<int64_t> Integers(const std::string& field, std::vector<int64_t> fallback,
                                IntegerRange range, size_t max_count);
  // Numbers of this range, at least one; none where the field is absent.
  std::vector<double> Reals(const std::string& field, RealRange range);
  // Every element of an array must be `only`.
  void All(const std::string& field, const std::string& only);

  // For what ranges cannot say: `field` is at fault unless `holds`.
  void Require(bool holds, const std::string& field, const std::string& must);

  const absl::Status& status() const { return status_; }  // of `code`

 private:
  const nlohmann::json* Find(const std::string& field) const;

  const nlohmann::json& config_;
  const std::string what_;
  const absl::StatusCode code_;
  absl::Status status_;
};

}  // namespace hanga
