// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-worker check: runs golden cases and says how far the results are from the reference.
#pragma once

namespace hanga {

// argv[0] is the subcommand's name. Returns the exit code: 0 if every case passed.
int CheckMain(int argc, char** argv);

}  // namespace hanga
