// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where pictures are written. Nothing is ever overwritten unless that was asked for.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// Names files by a pattern. Immutable, thread-safe.
class OutputFiles {
 public:
  // `output` is a folder ("out/", or one that exists: files become out/JOB-0.png), or a file name,
  // in which {job}, {index}, {seed} and {ext} stand for what they say. INVALID_ARGUMENT: an unknown
  // placeholder, or one name for several images.
  static absl::StatusOr<OutputFiles> Make(const std::string& output, uint32_t images,
                                          bool overwrite);

  // ALREADY_EXISTS if a name that is known before the job has begun is taken.
  absl::Status CheckFree() const;

  std::string PathOf(const v1::Artifact& artifact) const;

  // Writes the whole file or nothing, making its folders, and returns the path. ALREADY_EXISTS;
  // UNKNOWN with the path and the system's reason otherwise.
  absl::StatusOr<std::string> Write(const v1::Artifact& artifact, std::string_view bytes) const;

 private:
  OutputFiles(std::string pattern, bool overwrite)
      : pattern_(std::move(pattern)), overwrite_(overwrite) {}

  std::string pattern_;
  bool overwrite_;
};

// Writes a file as a whole: under another name first, then renamed.
absl::Status WriteWhole(const std::string& path, std::string_view bytes, bool overwrite);

}  // namespace hanga::cli
