// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// Stores a file of the user's as an input of the server. NOT_FOUND or INVALID_ARGUMENT names the
// flag that gave it; otherwise as Client::Upload.
absl::StatusOr<v1::BlobRef> UploadFile(client::Client& client, const std::string& flag,
                                       const std::string& path);

}  // namespace hanga::cli
