// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// This host's workers as the configuration asks for them: their command lines, and the tokens by
// which they prove that they are ours. Tokens are kept in the data folder, so that a worker that
// outlives a daemon is known to the next one.
#pragma once

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "server/auth.h"
#include "server/config.h"
#include "server/supervisor.h"

namespace hanga {

struct LocalWorkers {
  SupervisorOptions supervision;
  TokenTable tokens;
  std::set<std::string> ids;
  std::string socket;  // where they reach the daemon
};

// Makes `<data>/run` and the token files where they are missing. NOT_FOUND if the worker's program
// is missing, as a sentence that says what to do.
absl::StatusOr<LocalWorkers> PrepareLocalWorkers(const Config& config,
                                                 const std::string& data_folder);

}  // namespace hanga
