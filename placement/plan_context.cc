// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/plan_context.h"

#include <algorithm>

namespace hanga::placement {

PlanContext::PlanContext(const ModelProfile& profile, const Topology& topology,
                         const PlanOptions& options)
    : profile(profile), topology(topology), options(options) {
  for (const BlockProfile& block : profile.blocks) {
    if (block.phase == Phase::kDenoiser) {
      denoiser.push_back(block);
      denoiser_run_bytes += block.run_bytes;
      denoiser_activation_bytes = std::max(denoiser_activation_bytes, block.activation_bytes);
      continue;
    }
    if (components.empty() || components.back().name != block.component) {
      components.push_back({.name = block.component, .phase = block.phase});
    }
    Component& component = components.back();
    component.blocks.push_back(block);
    component.stored_bytes += block.stored_bytes;
    component.run_bytes += block.run_bytes;
    component.largest_block_bytes = std::max(component.largest_block_bytes, block.run_bytes);
    component.activation_bytes = std::max(component.activation_bytes, block.activation_bytes);
  }
  const HostLimits limits = HostLimitsOf(topology.host, options);
  host_limit_bytes = limits.bytes;
  pinned_limit_bytes = limits.pinned_bytes;
}

HostLimits HostLimitsOf(const Host& host, const PlanOptions& options) {
  const uint64_t free = host.free_bytes;
  const uint64_t bytes = std::min(free, options.host_limit_bytes.value_or(free / 10 * 9));
  return {std::min(bytes, options.pinned_host_limit_bytes.value_or(free / 4 * 3)), bytes};
}

uint64_t PlanContext::Usable(int device) const {
  uint64_t usable = topology.devices[device].free_bytes();
  usable -= std::min(usable, options.reserve_vram_bytes);
  usable = std::min(usable, options.vram_limit_bytes.value_or(usable));
  return usable - std::min(usable, profile.workspace_bytes);
}

}  // namespace hanga::placement
