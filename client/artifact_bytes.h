// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Checks an artifact's bytes as they arrive in chunks.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "hanga/v1/generation_service.pb.h"

namespace hanga::client {

// Counts and hashes. Not thread-safe.
class ArtifactBytes {
 public:
  ArtifactBytes();

  // Takes the next chunk; its first one of a stream announces the artifact. DATA_LOSS: a gap in the
  // offsets, or another artifact than the one announced before.
  absl::Status Add(const v1::DownloadArtifactResponse& chunk);

  // DATA_LOSS if size or SHA-256 are not as announced. Call once, after the last chunk.
  absl::Status Verify();

  bool complete() const { return announced_ && received_ == artifact_.size_bytes(); }
  uint64_t received() const { return received_; }
  const v1::Artifact& artifact() const { return artifact_; }

 private:
  struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  std::unique_ptr<EVP_MD_CTX, FreeContext> hash_;
  v1::Artifact artifact_;
  bool announced_ = false;
  uint64_t received_ = 0;
};

}  // namespace hanga::client
