// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/device_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "placement/expression.h"
#include "placement/planner.h"
#include "worker/pipelines/torch_options.h"
#include "worker/profile/topology_probe.h"

namespace hanga {
namespace {

// Slabs are rounded up to what the allocator gives out; the executor's budget allows for it.
constexpr uint64_t kSlackBytes = uint64_t{1} << 20;

// The device, and those that the expression names beside it.
absl::StatusOr<std::vector<std::string>> DevicesOf(const std::string& device,
                                                   const std::string& expression) {
  std::vector<std::string> devices = {device};
  if (expression == "auto") return devices;
  const auto parsed = placement::ParseExpression(expression);
  if (!parsed.ok()) return parsed.status();
  for (const placement::DeviceRef& named : placement::DevicesOf(*parsed)) {
    const bool known = std::find(devices.begin(), devices.end(), named.name) != devices.end();
    if (!known && named.name != "cpu" && named.name != "file") devices.push_back(named.name);
  }
  return devices;
}

// Blocks that stay, the ring, and what runs on a donor: all but the libraries' workspaces.
uint64_t WeightLimit(const placement::RankPlan& rank) {
  return rank.peak_bytes - rank.workspace_bytes + kSlackBytes;
}

absl::Status AddDonors(const placement::GroupPlan& group, ResidencyLimits* limits) {
  for (size_t i = 1; i < group.ranks.size(); ++i) {
    const std::string& name = group.ranks[i].device;
    const absl::StatusOr<at::Device> device = ParseDevice(name);
    if (!device.ok()) return device.status();
    limits->donors.push_back({name, *device, WeightLimit(group.ranks[i])});
  }
  return absl::OkStatus();
}

}  // namespace

DeviceProbe ProbeWithFile(std::function<double()> file_rate) {
  return [file_rate = std::move(file_rate)](const std::vector<std::string>& names) {
    absl::StatusOr<placement::Topology> topology = ProbeDevices(names, DefaultCacheFolder());
    const double rate = topology.ok() ? file_rate() : 0;
    if (rate > 0) topology->host.file_bytes_per_second = rate;
    return topology;
  };
}

absl::StatusOr<DevicePlan> PlanDevice(const placement::ModelProfile& profile,
                                      const DeviceState& state, const PlacementLevers& levers,
                                      const DeviceProbe& probe) {
  const std::string own_name = state.name == "cpu" ? "cpu:0" : state.name;
  const auto devices = DevicesOf(own_name, levers.expression);
  if (!devices.ok()) return devices.status();
  absl::StatusOr<placement::Topology> topology = probe(*devices);
  if (!topology.ok()) return topology.status();
  const placement::Device& device = topology->devices.front();
  for (placement::Device& d : topology->devices) {
    const auto lent = state.donor_bytes.find(d.name);
    const uint64_t own = d.name == own_name                ? state.own_bytes
                         : lent != state.donor_bytes.end() ? lent->second
                                                           : 0;
    d.used_by_others_bytes -= std::min(d.used_by_others_bytes, own);
  }

  placement::PlanOptions options;
  options.mode = levers.mode;
  options.placement = levers.expression;
  options.reserve_vram_bytes = levers.reserve_vram_bytes + state.spare_bytes;
  if (levers.vram_limit_bytes) {
    options.vram_limit_bytes =
        *levers.vram_limit_bytes - std::min(*levers.vram_limit_bytes, state.spare_bytes);
  }
  options.keep_resident = levers.keep_resident;
  options.pinned_host_limit_bytes = levers.pinned_host_limit_bytes;
  options.host_limit_bytes = levers.host_limit_bytes;
  absl::StatusOr<placement::Plan> plan = placement::MakePlan(profile, *topology, options);
  if (!plan.ok()) return plan.status();

  DevicePlan placed;
  const placement::GroupPlan& group = plan->groups.front();
  if (group.ranks.front().device != own_name) {
    return absl::FailedPreconditionError(absl::StrCat("placement: the expression computes on ",
                                                      group.ranks.front().device,
                                                      ", and this worker's device is ", own_name));
  }
  placed.limits.device_bytes = WeightLimit(group.ranks.front());
  if (absl::Status s = AddDonors(group, &placed.limits); !s.ok()) return s;
  const placement::HostLimits host = placement::HostLimitsOf(topology->host, options);
  placed.limits.pinned_host_bytes = host.pinned_bytes;
  placed.limits.host_bytes = host.bytes;
  const uint64_t free = device.free_bytes();
  placed.device_limit = free - std::min(free, levers.reserve_vram_bytes);
  if (levers.vram_limit_bytes) {
    placed.device_limit = std::min(placed.device_limit, *levers.vram_limit_bytes);
  }
  placed.device_model = device.model;
  placed.plan = *std::move(plan);
  return placed;
}

}  // namespace hanga
