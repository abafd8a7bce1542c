// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the planner needs to know of a FLUX model.
#pragma once

#include <c10/core/ScalarType.h>

#include <map>
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

}  // namespace hanga
