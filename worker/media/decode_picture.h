// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Pictures that users bring: PNG, JPEG and WebP, told by their first bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// What is looked at before a pixel is unpacked, so that a small file cannot fill the memory.
struct PictureLimits {
  int max_side = 16384;
  int64_t max_pixels = int64_t{64} << 20;
  int64_t max_pixels_per_byte =
      2000;  // of the file; a plain color compresses to about a thousandth
};

// 8-bit RGB; transparency is dropped. INVALID_ARGUMENT says what is wrong: not such a file, too
// large, cut off, an animation, or colors that are not red, green and blue (CMYK). Thread-safe.
absl::StatusOr<Image> DecodePicture(std::string_view bytes, const PictureLimits& limits = {});

}  // namespace hanga
