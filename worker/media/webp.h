// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// A WebP of `quality` 1 to 100; 100 is lossless. `parameters`, UTF-8, becomes the EXIF comment,
// where AUTOMATIC1111 puts it. INVALID_ARGUMENT for a side above WebP's 16,383 pixels. Thread-safe.
absl::StatusOr<std::string> EncodeWebp(const Image& image, int quality,
                                       std::string_view parameters = "");

struct DecodedWebp {
  Image image;
  std::string parameters;
};

// INVALID_ARGUMENT if it is not a WebP. Thread-safe.
absl::StatusOr<DecodedWebp> DecodeWebp(std::string_view bytes);

}  // namespace hanga
