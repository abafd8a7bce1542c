// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Groups whose ranks each run a range of blocks and hand the activations on. A range that does not
// fit its device is streamed there from the host.
#pragma once

#include <optional>
#include <vector>

#include "placement/plan_context.h"
#include "placement/stream_group.h"

namespace hanga::placement {

struct HandOverGroupRequest {
  std::vector<int> devices;
  int sharers = 1;
  uint64_t pinned_limit_bytes = 0, host_limit_bytes = 0;
  std::optional<std::vector<int>> homes;  // compute=local: by denoiser block
};

GroupOutcome PlanHandOverGroup(const PlanContext& context, const HandOverGroupRequest& request);

}  // namespace hanga::placement
