// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "absl/status/status.h"

namespace hanga {

// Sends the log to the standard error. `level`: trace, debug, info, warn, error or off. `format`:
// "text", or "json" for one object a line with time, level and message. INVALID_ARGUMENT for
// others.
absl::Status SetUpLog(const std::string& level, const std::string& format);

}  // namespace hanga
