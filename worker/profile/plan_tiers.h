// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// From a plan to what the executor loads.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "worker/residency/resident_blocks.h"

namespace hanga {

// The tiers of a component's blocks, found by their names. FAILED_PRECONDITION: the plan keeps a
// block in the memory of a device other than the one that runs it, which this worker does not hold,
// or knows no such block.
absl::StatusOr<BlockTiers> TiersOf(const placement::GroupPlan& group, const std::string& component,
                                   const std::vector<BlockWeights*>& blocks);

}  // namespace hanga
