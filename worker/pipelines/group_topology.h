// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A group as the planner sees it, and what its plan says of routes.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "placement/topology.h"
#include "worker/pipelines/device_group.h"

namespace hanga {

// One device a rank, named after it ("cuda:1" is rank 1's, whatever its host calls it).
placement::Topology MergeTopologies(const std::vector<placement::Topology>& ranks);

// Contiguous ranges of blocks for the ranks, everything resident. RESOURCE_EXHAUSTED: the devices
// together have no room, with the numbers.
absl::StatusOr<placement::Plan> PlanGroup(const placement::ModelProfile& profile,
                                          const placement::Topology& topology,
                                          const PlacementLevers& levers);

// A network by its name, the plan's component that it belongs to, and its blocks in order.
struct RoutedNetwork {
  std::string name, component;
  std::vector<std::string> blocks;
};

// FAILED_PRECONDITION: the plan has no such block, or does not keep it on the device that runs it.
absl::StatusOr<Routes> RoutesOf(const placement::Plan& plan,
                                const std::vector<RoutedNetwork>& networks);

}  // namespace hanga
