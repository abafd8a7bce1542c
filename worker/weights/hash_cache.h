// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Remembers models' hashes, so that a start does not read every byte of every model.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/weights/model_hash.h"

namespace hanga {

// HashModel, or what it gave for these files when they had the same names, paths, sizes, times of
// change and inodes (docs/formats/model-hash.md). Keeps one small file a model in `folder`; an
// empty folder keeps nothing. Small models are always read.
absl::StatusOr<std::string> HashModelOnce(absl::Span<const HashedFile> files,
                                          const std::string& folder);

}  // namespace hanga
