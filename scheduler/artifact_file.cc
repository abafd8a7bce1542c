// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/artifact_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/status_details.h"

namespace hanga {

ArtifactFile::ArtifactFile(ArtifactFile&& other) noexcept
    : artifact_(std::move(other.artifact_)), fd_(std::exchange(other.fd_, -1)) {}

ArtifactFile& ArtifactFile::operator=(ArtifactFile&& other) noexcept {
  std::swap(artifact_, other.artifact_);
  std::swap(fd_, other.fd_);
  return *this;
}

ArtifactFile::~ArtifactFile() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::string> ArtifactFile::Read(uint64_t offset, size_t length) const {
  const uint64_t size = artifact_.size_bytes();
  if (offset > size) {
    return StatusWithReason(
        absl::StatusCode::kOutOfRange, "OFFSET_PAST_END",
        absl::StrCat("offset: ", offset, " is past the artifact's ", size, " bytes"));
  }
  std::string data(static_cast<size_t>(std::min<uint64_t>(length, size - offset)), '\0');
  size_t at = 0;
  while (at < data.size()) {
    const ssize_t got =
        pread(fd_, data.data() + at, data.size() - at, static_cast<off_t>(offset + at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return StatusWithReason(absl::StatusCode::kDataLoss, "ARTIFACT_DAMAGED",
                              "the stored artifact is shorter than it was");
    }
    at += static_cast<size_t>(got);
  }
  return data;
}

}  // namespace hanga
