// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How ranks find each other: everyone listens, higher ranks call lower ones.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "worker/collectives/endpoint.h"
#include "worker/collectives/mesh.h"

namespace hanga {

// Sockets by rank, with an invalid one for this rank. UNAVAILABLE, and the rank that did not come.
absl::StatusOr<std::vector<Socket>> Meet(const Listener& listener, const MeshOptions& options,
                                         int* suspect);

}  // namespace hanga
