// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/components.h"

#include <algorithm>

#include "placement/cost_model.h"

namespace hanga::placement {
namespace {

double ComputeSeconds(const PlanContext& context, const Component& component, int device) {
  double seconds = 0;
  for (const BlockProfile& block : component.blocks) {
    seconds += BlockSeconds(block, context.topology.devices[device]);
  }
  return seconds;
}

uint64_t LargestStreamed(const Component& component, const std::vector<int>& homes) {
  uint64_t largest = 0;
  for (size_t i = 0; i < homes.size(); ++i) {
    if (homes[i] < 0) largest = std::max(largest, component.blocks[i].run_bytes);
  }
  return largest;
}

}  // namespace

uint64_t RunningBytes(const PlanContext& context, const ComponentSite& site) {
  return site.ring_bytes + context.components[site.component].activation_bytes;
}

std::vector<ComponentSite> ComponentSites(const PlanContext& context, int component, int rank,
                                          const SiteDevice& device, const ComponentWish* wish) {
  const Component& part = context.components[component];
  std::vector<std::vector<int>> ways;
  if (wish != nullptr) {
    ways.push_back(wish->homes);
  } else {
    ways.push_back(std::vector<int>(part.blocks.size(), device.device));
    if (!context.options.keep_resident && device.load_bytes_per_second > 0) {
      ways.push_back(std::vector<int>(part.blocks.size(), kHomeHost));
    }
  }
  std::vector<ComponentSite> sites;
  for (std::vector<int>& homes : ways) {
    ComponentSite site{.component = component, .rank = rank};
    for (size_t i = 0; i < homes.size(); ++i) {
      (homes[i] >= 0 ? site.resident_bytes : site.streamed_bytes) +=
          homes[i] >= 0 ? part.blocks[i].run_bytes : part.blocks[i].stored_bytes;
    }
    site.compute_seconds = site.use_seconds = ComputeSeconds(context, part, device.device);
    if (site.streamed_bytes > 0) {
      const uint64_t slot = LargestStreamed(part, homes);
      const double copies = site.streamed_bytes / device.load_bytes_per_second;
      const double first_copy = slot / device.load_bytes_per_second;
      const auto fits = [&](uint64_t ring) {
        return ring + site.resident_bytes + part.activation_bytes <= device.usable_bytes;
      };
      site.ring_bytes = std::min(2 * slot, slot + site.streamed_bytes);
      site.use_seconds = std::max(site.compute_seconds, copies) + first_copy;
      if (!fits(site.ring_bytes)) {  // one slot: copies and computing take turns
        site.ring_bytes = slot;
        site.use_seconds = site.compute_seconds + copies;
      }
    }
    site.homes = std::move(homes);
    if (site.resident_bytes + RunningBytes(context, site) > device.usable_bytes) continue;
    sites.push_back(std::move(site));
  }
  return sites;
}

ComponentPlan DescribeComponent(const PlanContext& context, const ComponentSite& site,
                                const SiteDevice& device, uint64_t evicted_bytes) {
  const Component& part = context.components[site.component];
  ComponentPlan plan;
  plan.component = part.name;
  plan.phase = part.phase;
  plan.device = context.topology.devices[device.device].name;
  plan.kept = site.kept();
  plan.bytes = part.stored_bytes;
  plan.evicted_bytes = evicted_bytes;
  plan.seconds = site.use_seconds;
  if (evicted_bytes > 0) plan.seconds += evicted_bytes / device.load_bytes_per_second;
  return plan;
}

void AppendComponentBlocks(const PlanContext& context, const ComponentSite& site,
                           const SiteDevice& device, uint64_t* pinned_room, uint64_t* host_room,
                           std::vector<BlockPlacement>* blocks) {
  const Component& part = context.components[site.component];
  const Device& where = context.topology.devices[device.device];
  for (size_t i = 0; i < part.blocks.size(); ++i) {
    const BlockProfile& block = part.blocks[i];
    BlockPlacement placement{.block = block.name,
                             .component = part.name,
                             .phase = part.phase,
                             .rank = site.rank,
                             .store = Store::kResident,
                             .keeper = where.name,
                             .stored_bytes = block.stored_bytes,
                             .run_bytes = block.run_bytes,
                             .compute_seconds = BlockSeconds(block, where),
                             .copy_seconds = 0};
    if (site.homes[i] < 0) {
      const uint64_t bytes = block.stored_bytes;
      placement.store = Store::kFile;
      if (site.homes[i] == kHomeHost && *pinned_room >= bytes && *host_room >= bytes) {
        placement.store = Store::kPinned;
        *pinned_room -= bytes;
        *host_room -= bytes;
      } else if (site.homes[i] == kHomeHost && *host_room >= bytes) {
        placement.store = Store::kPageable;
        *host_room -= bytes;
      }
      placement.keeper = placement.store == Store::kFile ? "file" : "cpu";
      placement.copy_seconds = bytes / device.load_bytes_per_second;
    }
    blocks->push_back(std::move(placement));
  }
}

void AddImageTimes(const PlanContext& context, const std::vector<double>& rank_step_seconds,
                   GroupPlan* group) {
  Prediction& prediction = group->prediction;
  prediction.encode_seconds = prediction.decode_seconds = 0;
  std::vector<double> load = rank_step_seconds;  // seconds of one image
  for (double& seconds : load) seconds *= context.profile.steps;
  for (const ComponentPlan& component : group->components) {
    const bool encodes = component.phase == Phase::kTextEncoder;
    (encodes ? prediction.encode_seconds : prediction.decode_seconds) += component.seconds;
    for (size_t r = 0; r < load.size(); ++r) {
      if (group->ranks[r].device != component.device) continue;
      load[r] += component.seconds / (encodes ? std::max(1, context.options.images_per_prompt) : 1);
    }
  }
  prediction.image_seconds = prediction.encode_seconds + prediction.decode_seconds +
                             prediction.first_step_seconds +
                             (context.profile.steps - 1) * prediction.step_seconds;
  const double slowest = *std::max_element(load.begin(), load.end());
  const double apart = prediction.image_seconds / std::max(1, context.options.images_in_flight);
  const double seconds = std::max(slowest, apart);
  prediction.images_per_second = seconds > 0 ? context.profile.batch / seconds : 0;
}

}  // namespace hanga::placement
