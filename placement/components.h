// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Text encoders and VAE: on which device, and kept there or streamed through a ring when used.
#pragma once

#include <cstdint>
#include <vector>

#include "placement/plan_context.h"
#include "placement/stream_group.h"

namespace hanga::placement {

// One way to house one component.
struct ComponentSite {
  int component = 0;
  int rank = 0;                 // of the group
  uint64_t resident_bytes = 0;  // stays through the denoiser's steps
  uint64_t streamed_bytes = 0;  // stored, once a use
  uint64_t ring_bytes = 0;      // while it runs
  double compute_seconds = 0;
  double use_seconds = 0;  // one use, evictions apart
  std::vector<int> homes;  // by block: kHomeHost, kHomeFile or the device's index

  bool kept() const { return streamed_bytes == 0; }
};

// A device as a home of components.
struct SiteDevice {
  int device = 0;
  uint64_t usable_bytes = 0;
  double load_bytes_per_second = 0;  // from host memory
};

// The ways for one component on one rank: kept, or streamed through a ring of two slots or one. A
// wish leaves one way. Only ways whose own needs fit the empty device.
std::vector<ComponentSite> ComponentSites(const PlanContext& context, int component, int rank,
                                          const SiteDevice& device, const ComponentWish* wish);

// Bytes that a component needs on its device while it runs, besides what stays.
uint64_t RunningBytes(const PlanContext& context, const ComponentSite& site);

// The plan's entries for a housed component; evicted: of the denoiser, to make room.
ComponentPlan DescribeComponent(const PlanContext& context, const ComponentSite& site,
                                const SiteDevice& device, uint64_t evicted_bytes);
void AppendComponentBlocks(const PlanContext& context, const ComponentSite& site,
                           const SiteDevice& device, uint64_t* pinned_room, uint64_t* host_room,
                           std::vector<BlockPlacement>* blocks);

// The image's times and rate from those of the steps and of the components. `rank_step_seconds`:
// how long a step of one image occupies each rank.
void AddImageTimes(const PlanContext& context, const std::vector<double>& rank_step_seconds,
                   GroupPlan* group);

}  // namespace hanga::placement
