// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where a program's log goes: standard error, one event a line, as text or as JSON. A message is
// an event followed by key=value pairs, which JSON has as members of their own. Of like events, so
// many a second are written at most (log_limit.h).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace hanga {

// Sets spdlog's default logger, and sends gRPC's own messages through it. `level`: trace, debug,
// info, warn, error or off. `format`: text or json. INVALID_ARGUMENT for others. Call before
// threads start.
absl::Status StartLogging(const std::string& program, const std::string& level,
                          const std::string& format);

// The message and its pairs as members of a JSON object: "message":"a b=c","b":"c".
std::string JsonMembersOf(absl::string_view message);

}  // namespace hanga
