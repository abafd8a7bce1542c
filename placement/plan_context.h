// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What every candidate of one planning run shares: the model taken apart by phase, and the budgets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "placement/planner.h"

namespace hanga::placement {

// A text encoder or VAE.
struct Component {
  std::string name;
  Phase phase = Phase::kTextEncoder;
  std::vector<BlockProfile> blocks;
  uint64_t stored_bytes = 0, run_bytes = 0;
  uint64_t largest_block_bytes = 0;  // as run
  uint64_t activation_bytes = 0;
};

// Why a candidate does not fit.
struct Shortage {
  std::string device;
  std::string what;  // "a ring of one slot and the activations"
  uint64_t needed_bytes = 0, usable_bytes = 0;

  uint64_t missing_bytes() const { return needed_bytes - usable_bytes; }
};

// References outlive the context. Immutable.
struct PlanContext {
  PlanContext(const ModelProfile& profile, const Topology& topology, const PlanOptions& options);

  // What weights and activations may take on a device: free less the reserve, at most vram_limit,
  // less workspaces.
  uint64_t Usable(int device) const;

  const ModelProfile& profile;
  const Topology& topology;
  const PlanOptions& options;
  std::vector<BlockProfile> denoiser;
  std::vector<Component> components;
  uint64_t denoiser_activation_bytes = 0;
  uint64_t denoiser_run_bytes = 0;
  uint64_t pinned_limit_bytes = 0;  // all groups together
  uint64_t host_limit_bytes = 0;    // pinned and pageable
};

}  // namespace hanga::placement
