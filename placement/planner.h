// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Chooses where each block lives and runs. A pure function: the same request gives the same plan.
//
//   profile + topology + options ──▶ candidates: replicate, stream, hand-over, parallel ──▶ Plan
//                                     each: reserve, place, simulate
//
// docs/placement.md explains the choices to users, docs/decisions/ why they are made so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "placement/topology.h"

namespace hanga::placement {

struct PlanOptions {
  std::string mode = "auto";         // auto | replicate | split | stream | hand-over | parallel
  std::string placement = "auto";    // auto, or an allocation expression
  std::vector<std::string> devices;  // empty: every GPU, or every CPU device where there is no GPU

  uint64_t reserve_vram_bytes = uint64_t{512} << 20;  // left alone on every device
  std::optional<uint64_t> vram_limit_bytes;  // on every device, for all that Hanga puts there
  bool keep_resident = false;                // all weights stay on the devices, or refuse
  std::optional<uint64_t> pinned_host_limit_bytes;  // 0: none; unset: 3/4 of free host memory
  std::optional<uint64_t> host_limit_bytes;         // unset: 9/10 of free host memory

  int images_per_prompt = 1;       // of the queue's mix: how often a prompt's encoding is reused
  int images_in_flight = 8;        // that may overlap in a hand-over group
  double max_latency_seconds = 0;  // of one image; 0: no limit
};

// What a model may take of host memory under the options, page-locked and in all.
struct HostLimits {
  uint64_t pinned_bytes = 0, bytes = 0;
};
HostLimits HostLimitsOf(const Host& host, const PlanOptions& options);

// INVALID_ARGUMENT: the expression, an option, the profile or the topology is wrong.
// RESOURCE_EXHAUSTED: nothing fits; says what is needed, what there is, and the smallest change
// that would do.
absl::StatusOr<Plan> MakePlan(const ModelProfile& profile, const Topology& topology,
                              const PlanOptions& options);

// Plans again with more memory, NVLink and fp8 weights, where each would change anything.
std::vector<WhatIf> MakeWhatIfs(const ModelProfile& profile, const Topology& topology,
                                const PlanOptions& options, const Plan& plan);

}  // namespace hanga::placement
