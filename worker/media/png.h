// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Sides beyond this are refused, both ways.
inline constexpr int kMaxPictureSide = 16384;

using TextEntryList = std::vector<std::pair<std::string, std::string>>;  // key, UTF-8 value

// An 8-bit RGB PNG. Equal input gives equal bytes. A value goes into a tEXt chunk where it is
// Latin-1, else into an iTXt chunk. INVALID_ARGUMENT for a size that is empty, too large or not
// that of the pixels. Thread-safe.
absl::StatusOr<std::string> EncodePng(const Image& image, const TextEntryList& text = {});

struct DecodedPng {
  Image image;
  TextEntryList text;
};

// Any PNG as 8-bit RGB; transparency is dropped. INVALID_ARGUMENT if it is not a PNG or is too
// large. Thread-safe.
absl::StatusOr<DecodedPng> DecodePng(std::string_view bytes);

}  // namespace hanga
