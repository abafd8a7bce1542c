// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// JPEG files to pictures.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

struct JpegHeader {
  int width = 0, height = 0;
};

// INVALID_ARGUMENT in both: not a JPEG, damaged, or of four colors. Thread-safe.
absl::StatusOr<JpegHeader> ReadJpegHeader(std::string_view bytes);

// 8-bit RGB. A file that is cut off or damaged is refused, not completed with gray.
absl::StatusOr<Image> DecodeJpeg(std::string_view bytes);

}  // namespace hanga
