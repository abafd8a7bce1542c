// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The hash by which a model is known in results: docs/formats/model-hash.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace hanga {

// A weight file and the name under which it enters the hash.
struct HashedFile {
  std::string name;  // relative to the model's folder, with slashes: "vae/model.safetensors"
  std::string path;  // where to read it
};

// What changes when a file does: a key for caching its hash.
struct FileStamp {
  uint64_t bytes = 0;
  int64_t mtime_ns = 0;
  uint64_t inode = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
absl::StatusOr<FileStamp> StampFile(const std::string& path);

// Called now and then with what has been read of `total` bytes; false cancels.
using HashProgress = std::function<bool(uint64_t done, uint64_t total)>;

// 64 hexadecimal digits. Reads every byte once, in one thread. CANCELLED if progress says so;
// NOT_FOUND and others name the file by `name`.
absl::StatusOr<std::string> HashModel(absl::Span<const HashedFile> files,
                                      const HashProgress& progress = nullptr);

}  // namespace hanga
