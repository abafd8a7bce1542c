// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/stream.h"
#include "placement/planner.h"
#include "worker/profile/plan_tiers.h"

namespace hanga::bench {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

// While it lives, the process gets no more of the device than `bytes`: as with vram_limit.
class MemoryLimit {
 public:
  explicit MemoryLimit(uint64_t bytes) {
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    allocator::setMemoryFraction(
        std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total)), 0);
  }
  ~MemoryLimit() { allocator::setMemoryFraction(1.0, 0); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
};

}  // namespace

absl::StatusOr<StreamFigures> RunUnderBudget(uint64_t budget_bytes, const Baseline& baseline,
                                             BlockList<FluxState>& blocks, const FluxState& inputs,
                                             const Options& o, HostBudget* host) {
  const uint64_t limit_bytes =
      budget_bytes + baseline.activation_bytes + baseline.profile.workspace_bytes;
  placement::PlanOptions options;
  options.reserve_vram_bytes = 0;
  if (o.donor >= 0) options.placement = absl::StrCat("donors=cuda:", o.donor);
  placement::Topology topology = baseline.topology;
  topology.devices[0].total_bytes = limit_bytes;  // of this GPU alone
  const auto plan = placement::MakePlan(baseline.profile, topology, options);
  if (!plan.ok()) return plan.status();
  const placement::GroupPlan& group = plan->groups.front();
  const auto tiers = TiersOf(group, "transformer", blocks.Weights());
  if (!tiers.ok()) return tiers.status();

  StreamFigures figures;
  figures.predicted_ms = group.prediction.step_seconds * 1e3;
  figures.predicted_peak_bytes = group.ranks[0].peak_bytes;
  figures.ring_slots = tiers->ring_slots;
  allocator::emptyCache();
  const auto reserved = [] { return allocator::getDeviceStats(0).reserved_bytes[0]; };
  const uint64_t others = reserved().current;  // inputs, results, the libraries' workspaces
  const MemoryLimit limit(others + limit_bytes);
  DeviceBudget budget("cuda:0", budget_bytes), lent("the donor", UINT64_MAX);
  ResidentBlocks::Memory memory = {at::Device(at::kCUDA, 0), &budget, host};
  if (o.donor >= 0) {
    memory.donors.push_back({absl::StrCat("cuda:", o.donor),
                             at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(o.donor)), &lent});
  }
  auto weights = ResidentBlocks::Load("transformer", blocks.Weights(), *tiers,
                                      std::make_shared<RandomWeights>(), at::kBFloat16, memory);
  if (!weights.ok()) return weights.status();
  if (absl::Status opened = (*weights)->Open(); !opened.ok()) return opened;
  allocator::emptyCache();
  allocator::resetPeakStats(0);

  FluxState state;
  const auto step = [&] {
    state = inputs;
    RunPass(blocks, **weights, state);
  };
  figures.first_step_ms = DeviceMilliseconds(0, 1, step).front();
  step();
  const ResidencyCounters before = (*weights)->counters();
  figures.step_ms = DeviceMilliseconds(0, 1,
                                       [&] {
                                         for (int i = 0; i < o.runs; ++i) step();
                                       })
                        .front() /
                    o.runs;
  const ResidencyCounters& after = (*weights)->counters();
  figures.bytes_per_step = (after.streamed_bytes - before.streamed_bytes) / o.runs;
  const auto lent_bytes = [](const ResidencyCounters& counters) {
    return counters.donor_bytes.empty() ? 0 : counters.donor_bytes.begin()->second;
  };
  figures.donor_bytes_per_step = (lent_bytes(after) - lent_bytes(before)) / o.runs;
  figures.equal = state.img.equal(baseline.prediction);
  figures.weights_peak_bytes = budget.peak_bytes();
  figures.peak_bytes = reserved().peak - others;
  return figures;
}

absl::StatusOr<FirstStep> RunFromHost(BlockList<FluxState>& blocks, const FluxState& inputs,
                                      HostBudget* host) {
  DeviceBudget budget("cuda:0", UINT64_MAX);
  auto weights = ResidentBlocks::Load(
      "transformer", blocks.Weights(), {std::vector<Tier>(blocks.size(), Tier::kDevice), 0, true},
      std::make_shared<RandomWeights>(), at::kBFloat16, {at::Device(at::kCUDA, 0), &budget, host});
  if (!weights.ok()) return weights.status();
  FluxState state;
  const auto step = [&] {
    state = inputs;
    RunPass(blocks, **weights, state);
  };
  if (absl::Status opened = (*weights)->Open(); !opened.ok()) return opened;
  step();
  if (absl::Status evicted = (*weights)->Evict(UINT64_MAX); !evicted.ok()) return evicted;
  const uint64_t before = (*weights)->counters().restored_bytes;
  absl::Status opened;
  FirstStep first;
  first.ms = DeviceMilliseconds(0, 1, [&] {
               opened = (*weights)->Open();
               if (opened.ok()) step();
             }).front();
  if (!opened.ok()) return opened;
  first.bytes = (*weights)->counters().restored_bytes - before;
  return first;
}

}  // namespace hanga::bench
