// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// DownloadArtifact: an artifact's bytes in pieces.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "server/pumped_stream.h"

namespace hanga {

// Reads one artifact piece by piece. Not thread-safe.
class ArtifactReader {
 public:
  static constexpr size_t kPieceBytes = 1 << 20;

  // NOT_FOUND; OUT_OF_RANGE if `offset` is past the end.
  absl::Status Open(Scheduler* scheduler, const Caller& caller, const std::string& name,
                    uint64_t offset);
  void Close() { file_.reset(); }
  bool is_open() const { return file_.has_value(); }
  bool at_end() const { return begun_ && offset_ >= file_->artifact().size_bytes(); }

  // The next piece; the first one names the artifact, even if there are no bytes after `offset`.
  absl::Status Read(v1::DownloadArtifactResponse* piece);

 private:
  std::optional<ArtifactFile> file_;
  uint64_t offset_ = 0;
  bool begun_ = false;
};

class ArtifactStream final : public PumpedStream<v1::DownloadArtifactResponse> {
 public:
  ArtifactStream(const ServiceContext& context, Caller caller, v1::DownloadArtifactRequest request)
      : scheduler_(context.scheduler), caller_(std::move(caller)), request_(std::move(request)) {}

 private:
  Next Produce(v1::DownloadArtifactResponse* response, absl::Status* end) override;

  Scheduler* const scheduler_;
  const Caller caller_;
  const v1::DownloadArtifactRequest request_;
  ArtifactReader reader_;
};

}  // namespace hanga
