// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "placement/planner.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

constexpr double kNvlinkBytesPerSecond = 200e9;
constexpr double kNvlinkLatencySeconds = 20e-6;

// What the largest rank lacks to keep the whole denoiser, in whole GiB; 0: nothing is streamed.
uint64_t MissingForResident(const Plan& plan) {
  uint64_t most = 0;
  for (const GroupPlan& group : plan.groups) {
    std::vector<uint64_t> streamed(group.ranks.size(), 0);
    for (const BlockPlacement& block : group.blocks) {
      if (block.store != Store::kResident) streamed[block.rank] += block.run_bytes;
    }
    most = std::max(most, *std::max_element(streamed.begin(), streamed.end()));
  }
  return (most + kGiB - 1) / kGiB * kGiB;
}

Topology WithMoreMemory(Topology topology, uint64_t bytes) {
  for (Device& device : topology.devices) device.total_bytes += bytes;
  return topology;
}

Topology WithNvlink(Topology topology) {
  for (Link& link : topology.links) {
    link = {link.from, link.to, LinkKind::kNvlink, kNvlinkBytesPerSecond, kNvlinkLatencySeconds};
  }
  return topology;
}

// One more of the first device's kind, with links like the first pair's, or over the host.
Topology WithTwin(Topology topology) {
  Device twin = topology.devices[0];
  const char* kind = twin.kind == DeviceKind::kCuda ? "cuda:" : "cpu:";
  twin.name = absl::StrCat(kind, topology.IndexOf(absl::StrCat(kind, 1)) < 0 ? 1 : 0);
  Link link{topology.devices[0].name, twin.name, LinkKind::kHost,
            std::min(twin.pinned_bytes_per_second, twin.to_host_bytes_per_second) / 2, 5e-5};
  topology.links.push_back(link);
  std::swap(link.from, link.to);
  topology.links.push_back(link);
  topology.devices.push_back(std::move(twin));
  return topology;
}

bool HasNvlink(const Topology& topology) {
  return std::any_of(topology.links.begin(), topology.links.end(),
                     [](const Link& link) { return link.kind == LinkKind::kNvlink; });
}

}  // namespace

std::vector<WhatIf> MakeWhatIfs(const ModelProfile& profile, const Topology& topology,
                                const PlanOptions& options, const Plan& plan) {
  constexpr double kChange = 0.01;
  std::vector<WhatIf> what_ifs;
  const double step = plan.groups.front().prediction.step_seconds;
  const auto consider = [&](std::string change, const ModelProfile& other_profile,
                            const Topology& other_topology, const PlanOptions& other_options) {
    const auto other = MakePlan(other_profile, other_topology, other_options);
    if (!other.ok()) return;
    const double other_step = other->groups.front().prediction.step_seconds;
    const bool changes = std::abs(other_step - step) > kChange * step ||
                         std::abs(other->images_per_second - plan.images_per_second) >
                             kChange * plan.images_per_second;
    if (!changes) return;
    what_ifs.push_back({std::move(change), true, other_step, other->images_per_second});
  };
  if (const uint64_t missing = MissingForResident(plan); missing > 0) {
    PlanOptions relaxed = options;
    if (relaxed.vram_limit_bytes) *relaxed.vram_limit_bytes += missing;
    consider(absl::StrCat(FormatBytes(missing), " more memory on each device"), profile,
             WithMoreMemory(topology, missing), relaxed);
  }
  if (topology.devices.size() > 1 && !HasNvlink(topology) &&
      topology.devices[0].kind == DeviceKind::kCuda) {
    consider(absl::StrCat("NVLink (", FormatBandwidth(kNvlinkBytesPerSecond), ") between the GPUs"),
             profile, WithNvlink(topology), options);
  }
  const bool narrows = std::any_of(profile.blocks.begin(), profile.blocks.end(), [](const auto& b) {
    return b.phase == Phase::kDenoiser && b.precision == Precision::kFp16 && b.run_bytes > 0;
  });
  if (narrows) consider("fp8 weights in the denoiser", WithFp8Denoiser(profile), topology, options);
  if (topology.devices.size() == 1 && options.devices.empty()) {
    consider(absl::StrCat("a second device like ", topology.devices[0].name), profile,
             WithTwin(topology), options);
  }
  return what_ifs;
}

}  // namespace hanga::placement
