// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Turns "does not fit" into a sentence: what is needed, what there is, and the smallest change that
// would do.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "placement/plan_context.h"

namespace hanga::placement {

// RESOURCE_EXHAUSTED, for the shortage that lacks least. `streaming_fits`: without keep_resident
// there would be a plan.
absl::Status Refusal(const PlanContext& context, const std::vector<Shortage>& shortages,
                     bool streaming_fits);

}  // namespace hanga::placement
