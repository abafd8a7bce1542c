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

absl::StatusOr<placement::Plan> PlanFlux(const placement::ModelProfile& profile,
                                         const std::string& device, const PlacementLevers& levers) {
  const std::string name = device == "cpu" ? "cpu:0" : device;
  const absl::StatusOr<placement::Topology> topology = ProbeDevice(name, DefaultCacheFolder());
  if (!topology.ok()) return topology.status();
  placement::PlanOptions options;
  options.mode = levers.mode;
  options.placement = levers.expression;
  options.reserve_vram_bytes = levers.reserve_vram_bytes;
  options.vram_limit_bytes = levers.vram_limit_bytes;
  options.keep_resident = levers.keep_resident;
  options.pinned_host_limit_bytes = levers.pinned_host_limit_bytes;
  options.host_limit_bytes = levers.host_limit_bytes;
  return placement::MakePlan(profile, *topology, options);
}

ResidencyLimits LimitsOf(const placement::Plan& plan) {
  const placement::RankPlan& rank = plan.groups.front().ranks.front();
  ResidencyLimits limits;
  limits.device_bytes = rank.peak_bytes - rank.workspace_bytes + kSlackBytes;
  uint64_t pageable = 0, staged = 0;
  for (const placement::BlockPlacement& block : plan.groups.front().blocks) {
    switch (block.store) {
      case placement::Store::kPinned:
        limits.pinned_host_bytes += block.stored_bytes;
        break;
      case placement::Store::kPageable:
        pageable += block.stored_bytes;
        staged = kStagingBytes;
        break;
      case placement::Store::kFile:
        staged = kStagingBytes;
        break;
      default:
        break;
    }
  }
  // Blocks that make room for another network are kept in host memory from then on.
  uint64_t away = 0;
  for (const placement::ComponentPlan& component : plan.groups.front().components) {
    away = std::max(away, component.evicted_bytes);
  }
  if (limits.pinned_host_bytes > 0) limits.pinned_host_bytes += staged + 2 * away;
  limits.host_bytes = limits.pinned_host_bytes + pageable + staged + 2 * away;
  return limits;
}

}  // namespace hanga
