// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whether a device still has the memory that a plan was made for.
#pragma once

#include <cstdint>

#include "placement/plan.h"

namespace hanga::placement {

enum class Drift {
  kNone,
  kTighter,  // others took so much that the plan eats into its reserve
  kRoomier,  // others gave back so much that a plan which streams could do better
};

// `free_bytes`: what would be free of the rank's device if nothing of the plan were there. Half of
// the reserve may be gone before it counts, and a tenth of the memory or 1 GiB must have come back,
// so that plans do not follow every wave.
Drift DriftOf(const RankPlan& rank, uint64_t free_bytes);

// What others would have to give back for the plan not to be kTighter; 0: nothing.
uint64_t LackingBytes(const RankPlan& rank, uint64_t free_bytes);

}  // namespace hanga::placement
