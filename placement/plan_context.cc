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
  const uint64_t host_free = topology.host.free_bytes;
  host_limit_bytes = std::min(host_free, options.host_limit_bytes.value_or(host_free / 10 * 9));
  pinned_limit_bytes =
      std::min(host_limit_bytes, options.pinned_host_limit_bytes.value_or(host_free / 4 * 3));
}

uint64_t PlanContext::Usable(int device) const {
  uint64_t usable = topology.devices[device].free_bytes();
  usable -= std::min(usable, options.reserve_vram_bytes);
  usable = std::min(usable, options.vram_limit_bytes.value_or(usable));
  return usable - std::min(usable, profile.workspace_bytes);
}

}  // namespace hanga::placement
