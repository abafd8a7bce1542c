// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model's small JSON files: configurations, indexes, settings.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "absl/status/statusor.h"

namespace hanga {

inline constexpr size_t kMaxJsonFileBytes = 4 << 20;

// An object. Errors name the file by `name`. NOT_FOUND: it is not there; FAILED_PRECONDITION: it is
// too large, is not JSON or not an object.
absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path, const std::string& name);

}  // namespace hanga
