// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

inline constexpr size_t kMaxPreviewBytes = 256 << 10;

// A PNG of at most kMaxPreviewBytes: the picture, averaged down by a whole factor as far as it must
// be. Thread-safe.
absl::StatusOr<std::string> EncodePreview(const Image& image);

}  // namespace hanga
