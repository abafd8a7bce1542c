// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/group_topology.h"

#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "placement/planner.h"

namespace hanga {
namespace {

// Until links between processes are measured: what a local socket and what NVLink give at least.
constexpr double kSocketBytesPerSecond = 1.5e9, kSocketSeconds = 50e-6;
constexpr double kNvlinkBytesPerSecond = 150e9, kNvlinkSeconds = 20e-6;

// "cuda:1" is rank 1; -1: not a device of a group.
int RankOf(const std::string& device) {
  int rank = -1;
  const size_t colon = device.find(':');
  if (colon == std::string::npos || !absl::SimpleAtoi(device.substr(colon + 1), &rank)) return -1;
  return rank;
}

}  // namespace

placement::Topology MergeTopologies(const std::vector<placement::Topology>& ranks) {
  placement::Topology merged;
  merged.name = absl::StrCat("a group of ", ranks.size());
  merged.host = ranks.front().host;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    placement::Device device = ranks[rank].devices.front();
    const bool cuda = device.kind == placement::DeviceKind::kCuda;
    device.name = absl::StrCat(cuda ? "cuda:" : "cpu:", rank);
    // Ranks of one host would count its memory once each.
    if (!cuda)
      device.used_by_others_bytes = device.total_bytes - device.free_bytes() / ranks.size();
    merged.devices.push_back(device);
  }
  for (const placement::Device& from : merged.devices) {
    for (const placement::Device& to : merged.devices) {
      if (from.name == to.name) continue;
      const bool cuda = from.kind == placement::DeviceKind::kCuda;
      merged.links.push_back({from.name, to.name,
                              cuda ? placement::LinkKind::kNvlink : placement::LinkKind::kHost,
                              cuda ? kNvlinkBytesPerSecond : kSocketBytesPerSecond,
                              cuda ? kNvlinkSeconds : kSocketSeconds});
    }
  }
  return merged;
}

absl::StatusOr<placement::Plan> PlanGroup(const placement::ModelProfile& profile,
                                          const placement::Topology& topology,
                                          const PlacementLevers& levers) {
  placement::PlanOptions options;
  options.mode = "hand-over";
  options.devices = topology.DeviceNames();
  options.reserve_vram_bytes = levers.reserve_vram_bytes;
  options.vram_limit_bytes = levers.vram_limit_bytes;
  options.keep_resident = true;
  return placement::MakePlan(profile, topology, options);
}

absl::StatusOr<Routes> RoutesOf(const placement::Plan& plan,
                                const std::vector<RoutedNetwork>& networks) {
  if (plan.groups.empty()) return absl::FailedPreconditionError("placement: the plan has no group");
  const placement::GroupPlan& group = plan.groups.front();
  std::map<std::pair<std::string, std::string>, const placement::BlockPlacement*> placed;
  for (const auto& block : group.blocks) placed[{block.component, block.block}] = &block;
  Routes routes;
  for (const RoutedNetwork& network : networks) {
    Route& route = routes[network.name];
    for (size_t i = 0; i < network.blocks.size(); ++i) {
      const auto found = placed.find({network.component, network.blocks[i]});
      if (found == placed.end()) {
        return absl::FailedPreconditionError(absl::StrCat(
            "placement: the plan has no ", network.blocks[i], " of ", network.component));
      }
      const placement::BlockPlacement& block = *found->second;
      const bool known = block.rank >= 0 && block.rank < static_cast<int>(group.ranks.size());
      const int rank = known ? RankOf(group.ranks[block.rank].device) : -1;
      if (rank < 0 || block.store != placement::Store::kResident) {
        return absl::FailedPreconditionError(absl::StrCat("placement: ", network.blocks[i], " of ",
                                                          network.component,
                                                          " is not kept by the rank that runs it"));
      }
      if (route.empty() || route.back().rank != rank) route.push_back({rank, i, i});
      route.back().end = i + 1;
    }
  }
  return routes;
}

}  // namespace hanga
