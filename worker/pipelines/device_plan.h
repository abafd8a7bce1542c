// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which plan a model gets on its device, and what the executor may take for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "worker/pipelines/pipeline.h"
#include "worker/residency/model_residency.h"

namespace hanga {

// What is known of the device beside the levers.
struct DeviceState {
  std::string name;
  // Taken by this model now, and given back before it is loaded anew; also of its donors' memory.
  uint64_t own_bytes = 0;
  std::map<std::string, uint64_t> donor_bytes = {};
  uint64_t spare_bytes = 0;  // left unused, as earlier plans ran out of memory
};

struct DevicePlan {
  placement::Plan plan;
  ResidencyLimits limits;     // what the executor may take
  uint64_t device_limit = 0;  // of the device's memory, all that the plan may come to use
  std::string device_model;   // "NVIDIA H100 80GB HBM3"

  // One worker runs one device: the first rank of the first group.
  const placement::GroupPlan& group() const { return plan.groups.front(); }
  const placement::RankPlan& rank() const { return group().ranks.front(); }
};

// The machine as it is, its links measured once, with the rate at which the model's file is read.
DeviceProbe ProbeWithFile(std::function<double()> file_rate);

// The plan for one device, with the memory of those that the expression names beside it.
// INVALID_ARGUMENT: a lever or the expression is wrong. FAILED_PRECONDITION: it computes elsewhere.
// NOT_FOUND: the machine has not the devices that it names. RESOURCE_EXHAUSTED: nothing fits; says
// what is needed, and the smallest change that would do.
absl::StatusOr<DevicePlan> PlanDevice(const placement::ModelProfile& profile,
                                      const DeviceState& device, const PlacementLevers& levers,
                                      const DeviceProbe& probe);

}  // namespace hanga
