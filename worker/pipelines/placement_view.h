// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "placement/plan.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// A plan as the agent tells it.
PlacementView ViewOf(const placement::Plan& plan);

}  // namespace hanga
