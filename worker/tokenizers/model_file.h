// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Reads the small files that a tokenizer's folder holds.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hanga {

inline constexpr size_t kMaxTokenizerFileBytes = 64 << 20;

// NOT_FOUND names the file; INVALID_ARGUMENT: it is longer than the limit.
absl::StatusOr<std::string> ReadTokenizerFile(const std::string& folder, const std::string& name);

// The same for a JSON object; INVALID_ARGUMENT if it is none.
absl::StatusOr<nlohmann::json> ReadTokenizerJson(const std::string& folder,
                                                 const std::string& name);

}  // namespace hanga
