// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// An input on its way into the store. Destroying it before Finish() leaves nothing behind.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hanga/v1/generation_service.pb.h"

namespace hanga {

// Not thread-safe: owned by one upload's call. Waits for the disk.
class BlobUpload {
 public:
  virtual ~BlobUpload() = default;

  virtual bool complete() const = 0;  // the blob was there already: Append() is not needed

  // INVALID_ARGUMENT past the announced size, RESOURCE_EXHAUSTED without space.
  virtual absl::Status Append(absl::string_view data) = 0;

  // Durable once it returns. INVALID_ARGUMENT if size or SHA-256 is not the announced one.
  virtual absl::StatusOr<v1::UploadBlobResponse> Finish() = 0;
};

}  // namespace hanga
