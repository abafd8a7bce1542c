// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where the daemon's log goes: standard error, one event a line, as text or as JSON. A message is
// an event followed by key=value pairs.
#pragma once

#include "server/config.h"

namespace hanga {

// Sets spdlog's default logger, and sends gRPC's own messages through it. Call before threads
// start.
void StartLogging(const LogConfig& config);

}  // namespace hanga
