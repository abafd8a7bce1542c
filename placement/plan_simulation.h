// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// From a plan back to the simulator: for timelines of a plan that came as JSON, and for comparing
// what was predicted with what a worker measured.
#pragma once

#include "placement/plan.h"
#include "placement/simulator.h"

namespace hanga::placement {

// The ranks that run denoiser blocks, in order. Copies take their undisturbed times: where a
// device's while_computing is below 1 the plan's own prediction is a little slower.
std::vector<SimRank> ToSimRanks(const GroupPlan& group);

// Denoiser passes in one step.
int PassesPerStep(const GroupPlan& group);

}  // namespace hanga::placement
