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

// The tiers of a component's blocks, found by their names. FAILED_PRECONDITION: the plan knows no
// such block.
absl::StatusOr<BlockTiers> TiersOf(const placement::GroupPlan& group, const std::string& component,
                                   const std::vector<BlockWeights*>& blocks);

// Which rank of the group runs the component. FAILED_PRECONDITION: none, or several.
absl::StatusOr<int> RankOfComponent(const placement::GroupPlan& group,
                                    const std::string& component);

}  // namespace hanga
