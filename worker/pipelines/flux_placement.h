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

struct FluxPlacement {
  placement::Plan plan;
  ResidencyLimits limits;     // what the executor may take
  uint64_t device_limit = 0;  // of the device's memory, all that the plan may come to use
  std::string device_model;   // "NVIDIA H100 80GB HBM3"
};

// What is known of the device beside the levers.
struct DeviceState {
  std::string name;
  uint64_t own_bytes = 0;    // taken by this model now, and given back before it is loaded anew
  uint64_t spare_bytes = 0;  // left unused, as earlier plans ran out of memory
};

// The plan for one device. INVALID_ARGUMENT: a lever or the expression is wrong.
// RESOURCE_EXHAUSTED: nothing fits; says what is needed, and the smallest change that would do.
absl::StatusOr<FluxPlacement> PlaceFlux(const placement::ModelProfile& profile,
                                        const DeviceState& device, const PlacementLevers& levers,
                                        const DeviceProbe& probe);

}  // namespace hanga
