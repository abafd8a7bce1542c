// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The daemon's folder, held by one process at a time.
//   DATA/lock              locked while in use, holds the process id
//   DATA/jobs.db[-wal]     the job store        DATA/jobs.mark   see durable_mark.h
//   DATA/artifacts/        results              DATA/blobs/      inputs
//   DATA/checkpoints/      saved generations    DATA/incoming/   files being written
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hanga {

// Move-only. Unlocks when destroyed; the system does it when the process dies.
class DataFolder {
 public:
  // Makes what is missing. FAILED_PRECONDITION: another process uses it (the message names it).
  static absl::StatusOr<DataFolder> Lock(const std::string& path);
  // The same for one that must exist: NOT_FOUND.
  static absl::StatusOr<DataFolder> LockExisting(const std::string& path);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&& other) noexcept;
  ~DataFolder();

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  DataFolder(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  std::string path_;
  int lock_fd_;
};

}  // namespace hanga
