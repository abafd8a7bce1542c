// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/data_type.h"

#include <algorithm>
#include <array>

namespace hanga {
namespace {

struct Row {
  std::string_view name;
  DataType type;
  uint64_t bytes;
};

constexpr std::array<Row, 12> kRows{{
    {"F64", DataType::kF64, 8},
    {"F32", DataType::kF32, 4},
    {"F16", DataType::kF16, 2},
    {"BF16", DataType::kBF16, 2},
    {"F8_E4M3", DataType::kF8E4M3, 1},
    {"F8_E5M2", DataType::kF8E5M2, 1},
    {"I64", DataType::kI64, 8},
    {"I32", DataType::kI32, 4},
    {"I16", DataType::kI16, 2},
    {"I8", DataType::kI8, 1},
    {"U8", DataType::kU8, 1},
    {"BOOL", DataType::kBool, 1},
}};

const Row& Find(DataType type) {
  return *std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.type == type; });
}

}  // namespace

std::optional<DataType> DataTypeFromName(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

std::string_view DataTypeName(DataType type) { return Find(type).name; }
uint64_t DataTypeBytes(DataType type) { return Find(type).bytes; }

}  // namespace hanga
