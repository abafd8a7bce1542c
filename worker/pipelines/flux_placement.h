// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a FLUX model is placed on its device: whether that needs a plan, and which.
#pragma once

#include <c10/core/ScalarType.h>

#include <string>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "worker/pipelines/flux_model.h"
#include "worker/pipelines/pipeline.h"
#include "worker/profile/flux_profile.h"

namespace hanga {

// What drawing one picture of the model's default size costs; `name` is for people.
placement::ModelProfile ProfileOf(const std::string& name, const FluxArchitecture& model,
                                  const GenerationRequest& defaults, WeightStorage storage);
FluxArchitecture ArchitectureOf(const FluxModel& model);

// The plan for one device. INVALID_ARGUMENT: a lever or the expression is wrong.
// RESOURCE_EXHAUSTED: nothing fits; says what is needed, and the smallest change that would do.
absl::StatusOr<placement::Plan> PlanFlux(const placement::ModelProfile& profile,
                                         const std::string& device, const PlacementLevers& levers);

// What the executor may take as that plan has it.
ResidencyLimits LimitsOf(const placement::Plan& plan);

}  // namespace hanga
