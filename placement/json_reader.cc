// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/json_reader.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace hanga::placement {

JsonReader::JsonReader(const nlohmann::json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(where_, ": must be an object"));
  }
}

const nlohmann::json* JsonReader::Find(const char* key) {
  known_.emplace_back(key);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

const nlohmann::json* JsonReader::Required(const char* key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) Fail(key, "is missing");
  return value;
}

std::string JsonReader::Text(const char* key) {
  const nlohmann::json* value = Required(key);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  Fail(key, "must be a string");
  return "";
}

bool JsonReader::Flag(const char* key) {
  const nlohmann::json* value = Required(key);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Fail(key, "must be true or false");
  return false;
}

double JsonReader::Number(const char* key) {
  const nlohmann::json* value = Required(key);
  if (value == nullptr) return 0;
  if (value->is_number()) return value->get<double>();
  Fail(key, "must be a number");
  return 0;
}

uint64_t JsonReader::Count(const char* key) {
  const nlohmann::json* value = Required(key);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  Fail(key, "must be a whole number, 0 or more");
  return 0;
}

int JsonReader::Int(const char* key) {
  const uint64_t count = Count(key);
  if (count <= static_cast<uint64_t>(std::numeric_limits<int>::max())) {
    return static_cast<int>(count);
  }
  Fail(key, "is too large");
  return 0;
}

void JsonReader::Fail(const char* key, const std::string& what) {
  if (status_.ok()) {
    status_ = absl::InvalidArgumentError(absl::StrCat(where_, ".", key, ": ", what));
  }
}

void JsonReader::Absorb(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

absl::Status JsonReader::Finish() {
  if (!status_.ok()) return status_;
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      Fail(key.c_str(), absl::StrCat("unknown key; expected one of ", absl::StrJoin(known_, ", ")));
    }
  }
  return status_;
}

absl::Status ParseJson(std::string_view text, const std::string& what, nlohmann::json* json) {
  // Deep nesting would overflow the stack; no format here nests deeper than this.
  constexpr int kDeepest = 16;
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDeepest) throw std::length_error("nested too deeply");
    return true;
  };
  try {
    *json = nlohmann::json::parse(text, shallow);
  } catch (const nlohmann::json::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": not JSON; the first error is at byte ", error.byte));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", error.what()));
  }
  return absl::OkStatus();
}

}  // namespace hanga::placement
