// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The element types of stored tensors. Free of Torch.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hanga {

// F8_E4M3 is float8_e4m3fn: finite, with NaN, without infinities.
enum class DataType {
  kF64,
  kF32,
  kF16,
  kBF16,
  kF8E4M3,
  kF8E5M2,
  kI64,
  kI32,
  kI16,
  kI8,
  kU8,
  kBool
};

// The type that a safetensors header calls `name`.
std::optional<DataType> DataTypeFromName(std::string_view name);
std::string_view DataTypeName(DataType type);  // "BF16", as in safetensors headers
uint64_t DataTypeBytes(DataType type);         // of one element

}  // namespace hanga
