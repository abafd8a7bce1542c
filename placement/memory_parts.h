// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a device's memory holds, in the order in which both pictures draw it.
#pragma once

#include <cstdint>
#include <vector>

#include "placement/plan.h"

namespace hanga::placement {

struct MemoryPart {
  const char* name;
  char letter;        // in the terminal
  const char* color;  // in the SVG
  uint64_t bytes;
};

// The parts add up to free_bytes. Activations and ring are those of the phase that needs most.
std::vector<MemoryPart> MemoryParts(const RankPlan& rank);

}  // namespace hanga::placement
