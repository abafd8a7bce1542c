// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The JSON at the head of a safetensors file, parsed but not yet held against the file's size.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

inline constexpr size_t kMaxSafetensorsTensors = 100'000;
inline constexpr size_t kMaxSafetensorsRank = 16;

struct SafetensorsEntry {
  std::string key;
  DataType type = DataType::kF32;
  std::vector<uint64_t> shape;
  uint64_t begin = 0, end = 0;  // in the data after the header
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the header's order
  TensorSource::Metadata metadata;
};

// INVALID_ARGUMENT says what is wrong and where: malformed JSON or UTF-8, a key that comes twice,
// an unknown field or type, a value of another kind, a missing field, too many tensors or
// dimensions.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(std::string_view json);

// A key as it may stand in a message: escaped, and not longer than a line.
std::string QuoteKey(std::string_view key);

}  // namespace hanga
