// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The ways to use a set of devices, each planned as if it were the only one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "placement/plan_context.h"
#include "placement/stream_group.h"

namespace hanga::placement {

struct Candidate {
  std::string name;
  Mode mode = Mode::kReplicate;
  std::vector<GroupPlan> groups;
  std::vector<Shortage> shortages;  // of devices and groups left out

  bool fits() const { return !groups.empty(); }
  double ImagesPerSecond() const;
  double ImageSeconds() const;  // of the slowest group
};

// Every device for itself. Devices on which the model does not fit are left out.
Candidate ReplicateCandidate(const PlanContext& context, const std::vector<int>& devices);

// Groups of `size` devices in order; what is left of the devices is not used.
Candidate StreamCandidate(const PlanContext& context, const std::vector<int>& devices, int size);
Candidate HandOverCandidate(const PlanContext& context, const std::vector<int>& devices, int size);
// One image over `size` devices: by the two halves of guidance, by the sequence, or both.
Candidate ParallelCandidate(const PlanContext& context, const std::vector<int>& devices, int size);

std::vector<double> DenoiserSeconds(const PlanContext& context, int device);

}  // namespace hanga::placement
