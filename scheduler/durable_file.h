// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A file that is either wholly there under its name, or not at all:
//
//   Create(incoming/x) ─ Append × n ─ Publish(blobs/x): fsync file, rename, fsync folder
//           ├─────────────────────── PublishUnread(artifacts/x): rename, fsync both at once
//           └── destroyed before Publish: removed
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace hanga {

// SHA-256 of what is added. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  void Add(absl::string_view data);
  std::string Hex();  // lower case; nothing can be added after it

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// Not thread-safe: owned by whoever receives the bytes. Waits for the disk.
class DurableFile {
 public:
  // Replaces what lies there. The folder must exist.
  static absl::StatusOr<std::unique_ptr<DurableFile>> Create(std::string path);
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  // RESOURCE_EXHAUSTED without space.
  absl::Status Append(absl::string_view data);

  uint64_t size() const { return size_; }

  // The SHA-256 of what was appended; ends appending.
  const std::string& Seal();

  // Durable under `path` once it returns; makes its folder if missing.
  absl::Status Publish(const std::string& path);

  // As Publish(), in half the time; but a crash before it returns may leave the name with bytes
  // missing. For names that nobody looks for until a record, written later, says that they are
  // there.
  absl::Status PublishUnread(const std::string& path);

 private:
  absl::Status Sync();
  absl::Status Rename(const std::string& path);
  absl::Status Keep(const absl::Status& durable);  // not removed any more, if it is
  DurableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;  // removed by the destructor; empty once published
  int fd_;
  uint64_t size_ = 0;
  Sha256 hash_;
  std::string sha256_;
};

// Makes what was created, renamed or removed in a folder durable.
absl::Status SyncFolder(const std::string& path);

// RESOURCE_EXHAUSTED, with the numbers, unless `bytes` fit on the folder's disk beside what must
// stay free.
absl::Status CheckSpace(const std::string& folder, uint64_t bytes, uint64_t min_free_bytes);

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, uint64_t max_bytes);

}  // namespace hanga
