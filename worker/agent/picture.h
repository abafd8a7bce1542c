// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "hanga/v1/job.pb.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// A finished image as a file.
struct Picture {
  std::string bytes;
  std::string content_type;  // "image/png"
  std::string sha256;        // of the bytes, lower-case hexadecimal
};

// In the format that the spec asks for, with what was asked for inside. Equal input gives equal
// bytes. Thread-safe.
absl::StatusOr<Picture> EncodePicture(const Image& image, const v1::GenerationSpec& spec,
                                      const std::string& model_sha256);

}  // namespace hanga
