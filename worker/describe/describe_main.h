// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

namespace hanga {

// `hanga-worker describe`: a model's profile, without reading its weights. Returns the exit code.
int DescribeMain(int argc, char** argv);

// `hanga-worker topology`: this machine, measured.
int TopologyMain(int argc, char** argv);

}  // namespace hanga
