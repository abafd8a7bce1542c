// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_placement.h"

#include <algorithm>

#include "placement/planner.h"
#include "worker/profile/topology_probe.h"

namespace hanga {
namespace {

// cuBLAS and cuDNN.
constexpr uint64_t kGpuWorkspaceBytes = uint64_t{64} << 20;

// Slabs are rounded up to what the allocator gives out; the executor's budget allows for it.
constexpr uint64_t kSlackBytes = uint64_t{1} << 20;

}  // namespace

FluxArchitecture ArchitectureOf(const FluxModel& m) {
  return {m.flux_params, m.clip_params, m.t5_params, m.vae_params};
}

placement::ModelProfile ProfileOf(const std::string& name, const FluxArchitecture& model,
                                  const GenerationRequest& defaults, WeightStorage storage) {
  Workload work;
  work.width = defaults.width;
  work.height = defaults.height;
  work.steps = defaults.steps;
  work.text_tokens = defaults.max_sequence_length;
  work.type = storage.type;
  work.fp8_weights = storage.fp8;
  work.workspace_bytes = storage.type == at::kFloat ? 0 : kGpuWorkspaceBytes;
  return ProfileFlux(name, model, work);
}

absl::StatusOr<FluxPlacement> PlaceFlux(const placement::ModelProfile& profile,
                                        const DeviceState& state, const PlacementLevers& levers,
                                        const DeviceProbe& probe) {
  absl::StatusOr<placement::Topology> topology = probe(state.name == "cpu" ? "cpu:0" : state.name);
  if (!topology.ok()) return topology.status();
  placement::Device& device = topology->devices.front();
  device.used_by_others_bytes -= std::min(device.used_by_others_bytes, state.own_bytes);

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

  FluxPlacement placed;
  const placement::RankPlan& rank = plan->groups.front().ranks.front();
  placed.limits.device_bytes = rank.peak_bytes - rank.workspace_bytes + kSlackBytes;
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
