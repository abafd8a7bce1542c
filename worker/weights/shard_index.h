// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The *.safetensors.index.json beside a sharded checkpoint: which shard has which key.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hanga {

inline constexpr size_t kMaxShardIndexBytes = 64 << 20;

// Key to the shard's file name: a plain name that ends in ".safetensors", never a path, so that a
// downloaded index cannot reach out of its folder.
using ShardIndex = std::map<std::string, std::string, std::less<>>;

// INVALID_ARGUMENT: malformed JSON, no weight_map, a key that comes twice, a name that is a path.
absl::StatusOr<ShardIndex> ParseShardIndex(std::string_view json);

}  // namespace hanga
