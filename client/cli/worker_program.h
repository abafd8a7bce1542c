// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the program hanga-worker of this machine tells.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hanga::cli {

// Its standard output. Looked for beside this program, then on the PATH. NOT_FOUND: there is none;
// FAILED_PRECONDITION: it failed, having said why on the standard error.
absl::StatusOr<std::string> OutputOfWorker(const std::vector<std::string>& arguments);

}  // namespace hanga::cli
