// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A file's bytes, mapped read-only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace hanga {

// The last part of a path: all that an error may tell of where a file is.
std::string BaseName(std::string_view path);

// Immutable; unmapped on destruction. Thread-safe.
class MappedFile {
 public:
  // Errors name the file by its base name. NOT_FOUND, PERMISSION_DENIED: it cannot be opened;
  // INVALID_ARGUMENT: it is not a regular file.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  absl::Span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(absl::Span<const std::byte> bytes) : bytes_(bytes) {}

  absl::Span<const std::byte> bytes_;
};

}  // namespace hanga
