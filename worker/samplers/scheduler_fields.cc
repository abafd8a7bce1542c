// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/scheduler_fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace hanga {
namespace {

using nlohmann::json;

bool Within(const json& value, double min, double max) {
  return value.is_number() && min <= value.get<double>() && value.get<double>() <= max;
}

}  // namespace

const json* SchedulerFields::Find(const std::string& field) const {
  if (!status_.ok() || !config_.is_object()) return nullptr;
  const auto found = config_.find(field);
  return found == config_.end() || found->is_null() ? nullptr : &*found;
}

void SchedulerFields::Require(bool holds, const std::string& field, const std::string& must) {
  if (holds || !status_.ok()) return;
  const auto found = config_.find(field);
  const std::string value =
      found == config_.end()
          ? "absent"
          : found->dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 64);
  status_ = absl::FailedPreconditionError(
      absl::StrCat("scheduler_config.json: ", field, " is ", value, "; it must be ", must));
}

bool SchedulerFields::Flag(const std::string& field, bool fallback) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  Require(value->is_boolean(), field, "true or false");
  return status_.ok() ? value->get<bool>() : fallback;
}

int64_t SchedulerFields::Integer(const std::string& field, int64_t fallback, int64_t min,
                                 int64_t max) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  Require(value->is_number_integer() &&
              Within(*value, static_cast<double>(min), static_cast<double>(max)),
          field, absl::StrCat("a whole number from ", min, " to ", max));
  return status_.ok() ? value->get<int64_t>() : fallback;
}

std::optional<double> SchedulerFields::OptionalReal(const std::string& field, double min,
                                                    double max) {
  const json* value = Find(field);
  if (value == nullptr) return std::nullopt;
  Require(Within(*value, min, max), field, absl::StrCat("a number from ", min, " to ", max));
  return status_.ok() ? std::optional<double>(value->get<double>()) : std::nullopt;
}

double SchedulerFields::Real(const std::string& field, double fallback, double min, double max) {
  return OptionalReal(field, min, max).value_or(fallback);
}

std::string SchedulerFields::Text(const std::string& field, const std::string& fallback,
                                  const std::vector<std::string>& allowed) {
  const json* value = Find(field);
  if (value == nullptr) return fallback;
  const bool known =
      value->is_string() && std::find(allowed.begin(), allowed.end(),
                                      value->get_ref<const std::string&>()) != allowed.end();
  Require(known, field, absl::StrJoin(allowed, " or "));
  return status_.ok() ? value->get<std::string>() : fallback;
}

std::vector<double> SchedulerFields::Fractions(const std::string& field) {
  const json* value = Find(field);
  if (value == nullptr) return {};
  const bool fits =
      value->is_array() && !value->empty() &&
      std::all_of(value->begin(), value->end(), [](const json& x) { return Within(x, 0, 1); });
  Require(fits, field, "an array of numbers from 0 to 1");
  return status_.ok() ? value->get<std::vector<double>>() : std::vector<double>();
}

}  // namespace hanga
