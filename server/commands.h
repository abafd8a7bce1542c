// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What hangad does: each command prints, and returns the code to exit with.
#pragma once

#include "server/command_line.h"
#include "server/signals.h"

namespace hanga {

int RunDaemon(const Config& config, StopSignals* signals);
int CheckConfigCommand(const CommandLine& line);
int CheckStoreCommand(const Config& config);
int HashTokenCommand();

}  // namespace hanga
