// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The checksum that ends every row, and how digests stand in it.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "scheduler/records.h"

namespace hanga {

// Over the columns in their order; lengths keep neighbours apart.
class RowCrc {
 public:
  RowCrc& Add(int64_t value) {
    crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(&value), sizeof(value));
    return *this;
  }
  RowCrc& Add(absl::string_view value) {
    Add(static_cast<int64_t>(value.size()));
    // crc32() of a null pointer would reset the sum.
    if (!value.empty()) {
      crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(value.data()),
                   static_cast<uInt>(value.size()));
    }
    return *this;
  }
  int64_t value() const { return static_cast<int64_t>(crc_); }

 private:
  uLong crc_ = crc32(0, nullptr, 0);
};

inline absl::string_view AsView(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

inline Digest AsDigest(absl::string_view bytes) {
  Digest digest = {};
  std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest.size()));
  return digest;
}

inline absl::Status DamagedRow(absl::string_view what, JobId job) {
  return absl::DataLossError(
      absl::StrCat("job store: the ", what, " of job number ", job, " is damaged (checksum)"));
}

}  // namespace hanga
