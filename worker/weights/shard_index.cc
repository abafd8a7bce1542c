// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/shard_index.h"

#include <nlohmann/json.hpp>

#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/weights/safetensors_header.h"

namespace hanga {
namespace {

using Json = nlohmann::json;

bool IsPlainFileName(std::string_view name) {
  return name.ends_with(".safetensors") && name.size() <= 255 && name[0] != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

}  // namespace

absl::StatusOr<ShardIndex> ParseShardIndex(std::string_view json) {
  if (json.size() > kMaxShardIndexBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the index is ", json.size(), " bytes long; the limit is ", kMaxShardIndexBytes));
  }
  // Json keeps the last of equal keys: find them as they are read.
  std::set<std::string> seen;
  std::string repeated, top;
  const auto watch_keys = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event != Json::parse_event_t::key) return true;
    const auto& key = value.get_ref<const std::string&>();
    if (depth == 1) top = key;
    if (depth == 1 || (depth == 2 && top == "weight_map")) {
      if (!seen.insert(absl::StrCat(depth, key)).second) repeated = key;
    }
    return true;
  };
  const Json index = Json::parse(json, watch_keys, /*allow_exceptions=*/false);
  if (index.is_discarded() || json.find('\0') != std::string_view::npos)
    return absl::InvalidArgumentError("the index is not JSON");
  if (!repeated.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(QuoteKey(repeated), " comes twice"));
  }
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    return absl::InvalidArgumentError("the index has no weight_map");
  }

  ShardIndex shards;
  for (const auto& [key, shard] : index["weight_map"].items()) {
    if (!shard.is_string() || !IsPlainFileName(shard.get_ref<const std::string&>())) {
      return absl::InvalidArgumentError(absl::StrCat("weight_map, at ", QuoteKey(key),
                                                     ": the shard must be the plain name of a ",
                                                     ".safetensors file in the same folder"));
    }
    shards.emplace(key, shard.get<std::string>());
  }
  if (shards.empty()) return absl::InvalidArgumentError("the weight_map is empty");
  return shards;
}

}  // namespace hanga
