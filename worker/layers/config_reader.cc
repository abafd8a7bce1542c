// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/layers/config_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace hanga {
namespace {

using nlohmann::json;

// Configurations come with checkpoints: what is quoted from them stays short and valid UTF-8.
std::string Quote(const json& value) {
  constexpr size_t kLongest = 100;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  if (text.size() <= kLongest) return text;
  text.resize(kLongest);
  text.append("...");
  return text;
}

bool Within(const json& value, ConfigReader::IntegerRange range) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(range.max))
    return false;
  const auto number = value.get<int64_t>();
  return range.min <= number && number <= range.max;
}

bool Within(const json& value, ConfigReader::RealRange range) {
  return value.is_number() && range.min <= value.get<double>() && value.get<double>() <= range.max;
}

std::string Describe(ConfigReader::IntegerRange range) {
  return absl::StrCat("an integer from ", range.min, " to ", range.max);
}

}  // namespace

ConfigReader::ConfigReader(const json& config, std::string what, absl::StatusCode code)
    : config_(config), what_(std::move(what)), code_(code) {
  if (!config_.is_object())
    status_ = absl::Status(code_, absl::StrCat(what_, ": it must be a JSON object"));
}

const json* ConfigReader::Find(const std::string& field) const {
  if (!status_.ok()) return nullptr;
  const auto found = config_.find(field);
  return found == config_.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::Has(const std::string& field) const { return Find(field) != nullptr; }

void ConfigReader::Require(bool holds, const std::string& field, const std::string& must) {
  if (holds || !status_.ok()) return;
  const auto found = config_.find(field);
  const std::string value = found == config_.end() ? "absent" : Quote(*found);
  status_ =
      absl::Status(code_, absl::StrCat(what_, ": ", field, " is ", value, "; it must be ", must));
}

int64_t ConfigReader::Integer(const std::string& field, int64_t fallback, IntegerRange range) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  Require(Within(*value, range), field, Describe(range));
  return status_.ok() ? value->get<int64_t>() : fallback;
}

std::optional<double> ConfigReader::OptionalReal(const std::string& field, RealRange range) {
  const json* value = Find(field);
  if (value == nullptr) return std::nullopt;
  Require(Within(*value, range), field,
          absl::StrCat("a number from ", range.min, " to ", range.max));
  return status_.ok() ? std::optional<double>(value->get<double>()) : std::nullopt;
}

double ConfigReader::Real(const std::string& field, double fallback, RealRange range) {
  return OptionalReal(field, range).value_or(fallback);
}

std::vector<double> ConfigReader::Reals(const std::string& field, RealRange range) {
  const json* value = Find(field);
  if (value == nullptr) return {};
  const bool fits = value->is_array() && !value->empty() &&
                    std::all_of(value->begin(), value->end(),
                                [&](const json& item) { return Within(item, range); });
  Require(fits, field, absl::StrCat("an array of numbers from ", range.min, " to ", range.max));
  return status_.ok() ? value->get<std::vector<double>>() : std::vector<double>();
}

bool ConfigReader::Boolean(const std::string& field, bool fallback) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  Require(value->is_boolean(), field, "true or false");
  return status_.ok() ? value->get<bool>() : fallback;
}

std::string ConfigReader::Text(const std::string& field, const std::string& fallback,
                               const std::vector<std::string>& allowed) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  const bool known =
      value->is_string() && std::find(allowed.begin(), allowed.end(),
                                      value->get_ref<const std::string&>()) != allowed.end();
  Require(known, field, absl::StrJoin(allowed, " or "));
  return status_.ok() ? value->get<std::string>() : fallback;
}

std::vector<int64_t> ConfigReader::Integers(const std::string& field, std::vector<int64_t> fallback,
                                            IntegerRange range, size_t max_count) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  const bool within = value->is_array() && !value->empty() && value->size() <= max_count &&
                      std::all_of(value->begin(), value->end(),
                                  [&](const json& item) { return Within(item, range); });
  Require(within, field, absl::StrCat("an array of 1 to ", max_count, ", each ", Describe(range)));
  return status_.ok() ? value->get<std::vector<int64_t>>() : fallback;
}

void ConfigReader::All(const std::string& field, const std::string& only) {
  const json* value = Find(field);
  if (value == nullptr) return;
  const bool same =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [&](const json& item) { return item == only; });
  Require(same, field, absl::StrCat("an array of ", only));
}

}  // namespace hanga
