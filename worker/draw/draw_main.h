// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-worker draw: one picture from a model's files, without a daemon. For trying a model out and
// for measuring the engine by itself.
#pragma once

namespace hanga {

// argv[0] is the subcommand's name. Returns the exit code.
int DrawMain(int argc, char** argv);

}  // namespace hanga
