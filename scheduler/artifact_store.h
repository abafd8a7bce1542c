// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The files of the data folder: results under the name of the attempt that made them, saved
// generations likewise, inputs under their SHA-256. Which of them count is for the job store to
// say; a file whose attempt it does not know is an orphan of a crash.
//
//   incoming/J.I.A.N ─────────▶ artifacts/SS/J.I.A      J job, I image, A attempt, SS = J mod 256
//                  └─────────▶ checkpoints/J.I.A
//   incoming/SHA.N ───────────▶ blobs/SS/SHA
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/data_folder.h"
#include "scheduler/durable_file.h"
#include "scheduler/job_name.h"

namespace hanga {

// Whose file it is.
struct AttemptFile {
  JobId job = 0;
  uint32_t index = 0, attempt = 0;
};

// Thread-safe.
class ArtifactStore {
 public:
  // `min_free_bytes`: space of the disk that is never used.
  ArtifactStore(const DataFolder& folder, uint64_t min_free_bytes);

  // A result or checkpoint on its way. RESOURCE_EXHAUSTED without space for `expected_bytes`.
  absl::StatusOr<std::unique_ptr<DurableFile>> Receive(const AttemptFile& file,
                                                       uint64_t expected_bytes);

  absl::Status PublishArtifact(DurableFile& received, const AttemptFile& file);
  absl::Status PublishCheckpoint(DurableFile& received, const AttemptFile& file);

  // An open file descriptor, the caller's. NOT_FOUND.
  absl::StatusOr<int> OpenArtifact(const AttemptFile& file) const;
  absl::StatusOr<std::string> ReadCheckpoint(const AttemptFile& file) const;

  // A second name for the same bytes; replaces what lies there. Durable after SyncArtifacts().
  absl::Status LinkArtifact(const AttemptFile& from, const AttemptFile& to);
  absl::Status SyncArtifacts(JobId job);

  void RemoveArtifact(const AttemptFile& file);
  void RemoveCheckpoint(const AttemptFile& file);

  std::string ArtifactPath(const AttemptFile& file) const;

  // Inputs.
  // Up to `length` bytes from `offset`, and the size of all. NOT_FOUND.
  absl::StatusOr<std::string> ReadBlob(absl::string_view sha256, uint64_t offset, size_t length,
                                       uint64_t* size_bytes) const;
  void RemoveBlob(absl::string_view sha256);
  absl::StatusOr<std::unique_ptr<DurableFile>> ReceiveBlob(absl::string_view sha256,
                                                           uint64_t expected_bytes);
  absl::Status PublishBlob(DurableFile& received, absl::string_view sha256);

  // At the start, before anything is received: removes what a crash left half-written, and the
  // checkpoints that are not wanted.
  void SweepUnfinished(const std::function<bool(const AttemptFile&)>& wanted_checkpoint);
  // Removes artifacts older than the store's own start that are not known. Any time; slow.
  // Returns how many.
  uint64_t SweepArtifacts(const std::function<bool(const AttemptFile&)>& known);
  void SweepBlobs(const std::function<bool(absl::string_view)>& known);

 private:
  std::string IncomingPath(absl::string_view name);
  bool IsOlderThanStart(const std::string& path) const;
  std::string CheckpointPath(const AttemptFile& file) const;
  std::string BlobPath(absl::string_view sha256) const;

  // Held by the sweep between its last look at a file and its unlinking, shared by those who put
  // another under the same name: a worker that outlived a crash brings its result a second time.
  absl::Mutex replacing_;
  const std::string root_;
  const uint64_t min_free_bytes_;
  std::atomic<uint64_t> received_ = 0;
  const int64_t started_ns_;  // by the disk's clock
};

// "J.I.A" and back.
std::string AttemptFileName(const AttemptFile& file);
bool ParseAttemptFileName(absl::string_view name, AttemptFile* file);

}  // namespace hanga
