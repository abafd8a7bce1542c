// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What hangad does: each command prints, and returns the code to exit with.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "server/command_line.h"
#include "server/signals.h"

namespace hanga {

// The configuration as it is now; an error if it has become wrong.
using ReadAgain = std::function<absl::StatusOr<Config>()>;

// `read_again` is called at SIGHUP, for the models.
int RunDaemon(const Config& config, const ReadAgain& read_again, StopSignals* signals);
int CheckConfigCommand(const CommandLine& line);
int CheckStoreCommand(const Config& config);
int HashTokenCommand();

}  // namespace hanga
