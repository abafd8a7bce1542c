// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Groups with one compute device: everything resident, or streamed from the host and from donors.
// Replicate groups have no donors; a parallel group is planned as its narrowest rank.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "placement/allocation.h"
#include "placement/plan_context.h"

namespace hanga::placement {

// Where a component is wanted by an expression.
struct ComponentWish {
  int device = 0;
  std::vector<int> homes;  // by block: the device, kHomeHost or kHomeFile
};

struct StreamGroupRequest {
  int compute = 0;          // device index; rank 0
  std::vector<int> donors;  // ranks 1, 2, ...
  int sharers = 1;          // groups that copy from the host at the same time
  uint64_t pinned_limit_bytes = 0, host_limit_bytes = 0;  // this group's part
  std::vector<double> compute_seconds;                    // by denoiser block, one pass
  int passes_per_step = 1;
  std::optional<std::vector<int>> homes;             // of the denoiser, from an expression
  std::vector<std::optional<ComponentWish>> wishes;  // by component; empty: none
};

using GroupOutcome = std::variant<GroupPlan, Shortage>;

// The group with the shortest image time over the choices of what is kept and what is streamed.
// Text encoders and VAE may stay, or come through a ring before and after the denoiser, evicting
// some of its blocks where that is cheaper than never having them.
GroupOutcome PlanStreamGroup(const PlanContext& context, const StreamGroupRequest& request);

}  // namespace hanga::placement
