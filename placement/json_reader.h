// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Strict reading of JSON: every field typed, unknown keys refused, the first failure kept with the
// path to it. For the formats of this folder, which people may edit.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace hanga::placement {

class JsonReader {
 public:
  // `where` is the path of `object`, for messages: "plan.groups[1]".
  JsonReader(const nlohmann::json& object, std::string where);

  std::string Text(const char* key);
  bool Flag(const char* key);
  double Number(const char* key);
  uint64_t Count(const char* key);  // a whole number, 0 or more
  int Int(const char* key);
  const nlohmann::json* Find(const char* key);  // nullptr: absent; marks the key as known

  // Calls read(item, path) for each item of an array; nothing if absent.
  template <typename Read>
  void Each(const char* key, Read&& read) {
    const nlohmann::json* array = Find(key);
    if (array == nullptr) return;
    if (!array->is_array()) return Fail(key, "must be an array");
    for (size_t i = 0; i < array->size(); ++i) {
      read((*array)[i], where_ + "." + key + "[" + std::to_string(i) + "]");
    }
  }
  // The same for a name that stands for a value; `parse` gives false for an unknown name.
  template <typename Parse>
  void Name(const char* key, Parse&& parse) {
    const std::string name = Text(key);
    if (ok() && !parse(name)) Fail(key, "\"" + name + "\" is not a known name");
  }

  void Fail(const char* key, const std::string& what);
  void Absorb(const absl::Status& status);
  bool ok() const { return status_.ok(); }
  absl::Status Finish();  // also refuses unknown keys

 private:
  const nlohmann::json* Required(const char* key);

  const nlohmann::json& object_;
  std::string where_;
  std::vector<std::string> known_;
  absl::Status status_;
};

// INVALID_ARGUMENT with `what` and the offset of the first byte that is not JSON.
absl::Status ParseJson(std::string_view text, const std::string& what, nlohmann::json* json);

}  // namespace hanga::placement
