// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include "absl/strings/str_cat.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/stream.h"
#include "placement/planner.h"
#include "worker/profile/plan_tiers.h"

namespace hanga::bench {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

}  // namespace

absl::StatusOr<StreamFigures> RunUnderBudget(uint64_t budget_bytes, const Baseline& baseline,
                                             BlockList<FluxState>& blocks, const FluxState& inputs,
                                             const Options& o, HostBudget* host) {
  placement::PlanOptions options;
  options.reserve_vram_bytes = 0;
  options.vram_limit_bytes =
      budget_bytes + baseline.activation_bytes + baseline.profile.workspace_bytes;
  const auto plan = placement::MakePlan(baseline.profile, baseline.topology, options);
  if (!plan.ok()) return plan.status();
  const placement::GroupPlan& group = plan->groups.front();
  const auto tiers = TiersOf(group, "transformer", blocks.Weights());
  if (!tiers.ok()) return tiers.status();

  StreamFigures figures;
  figures.predicted_ms = group.prediction.step_seconds * 1e3;
  figures.predicted_peak_bytes = group.ranks[0].peak_bytes;
  figures.ring_slots = tiers->ring_slots;
  allocator::emptyCache();
  const auto stats = [] { return allocator::getDeviceStats(0); };
  const auto others = stats().allocated_bytes[0].current;  // inputs and results
  allocator::resetPeakStats(0);
  DeviceBudget budget("cuda:0", budget_bytes);
  auto weights = ResidentBlocks::Load("transformer", blocks.Weights(), *tiers,
                                      std::make_shared<RandomWeights>(), at::kBFloat16,
                                      {at::Device(at::kCUDA, 0), &budget, host});
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
  const uint64_t moved = (*weights)->counters().streamed_bytes;
  figures.step_ms = DeviceMilliseconds(0, 1,
                                       [&] {
                                         for (int i = 0; i < o.runs; ++i) step();
                                       })
                        .front() /
                    o.runs;
  figures.bytes_per_step = ((*weights)->counters().streamed_bytes - moved) / o.runs;
  figures.equal = state.img.equal(baseline.prediction);
  figures.weights_peak_bytes = budget.peak_bytes();
  figures.allocated_peak_bytes = stats().allocated_bytes[0].peak - others;
  figures.reserved_peak_bytes = stats().reserved_bytes[0].peak;
  return figures;
}

}  // namespace hanga::bench
