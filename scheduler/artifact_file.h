// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A stored result, open for reading. It stays readable if it is deleted meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hanga/v1/job.pb.h"

namespace hanga {

// Move-only. Thread-safe: reads do not move a position.
class ArtifactFile {
 public:
  ArtifactFile(v1::Artifact artifact, int fd) : artifact_(std::move(artifact)), fd_(fd) {}
  ArtifactFile(ArtifactFile&& other) noexcept;
  ArtifactFile& operator=(ArtifactFile&& other) noexcept;
  ~ArtifactFile();

  const v1::Artifact& artifact() const { return artifact_; }

  // Up to `length` bytes from `offset`; empty at the end. OUT_OF_RANGE past it, DATA_LOSS if the
  // file is shorter than it was.
  absl::StatusOr<std::string> Read(uint64_t offset, size_t length) const;

 private:
  v1::Artifact artifact_;
  int fd_;
};

}  // namespace hanga
