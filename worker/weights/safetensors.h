// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Reads the safetensors format: strictly, so that a file means one thing only, and bounded, so that
// a hostile file costs no more than its size. docs/formats/safetensors.md has the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

inline constexpr uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

// Maps the file read-only and checks its header against its size; weights are not read. Errors name
// the file by its base name. NOT_FOUND, PERMISSION_DENIED: cannot be opened. INVALID_ARGUMENT: the
// file breaks a rule. A file must not be shortened or rewritten in place while it is in use: as
// with any mapping, its pages are read when they are touched. Replace it by renaming instead.
absl::StatusOr<TensorSource> OpenSafetensors(const std::string& path);

// The same for a file that is already in memory. `name` is used in errors; `owner` keeps the bytes.
absl::StatusOr<TensorSource> ParseSafetensors(std::string_view name,
                                              absl::Span<const std::byte> file,
                                              std::shared_ptr<const void> owner);

}  // namespace hanga
