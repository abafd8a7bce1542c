// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// FLUX.1-dev with random weights under a limit on the memory that its weights may take.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/engine/commands.h"
#include "placement/plan.h"
#include "placement/profile.h"
#include "placement/topology.h"
#include "worker/models/flux.h"
#include "worker/residency/resident_blocks.h"

namespace hanga::bench {

// Random values made on the GPU, wherever they go; the same for a key every time.
class RandomWeights final : public WeightSource {
 public:
  absl::Status Read(const Slot& slot, const at::Tensor& to) const override;
};

// Bytes a second to the device from page-locked host memory, or from another GPU's; alone and
// beside matrix products.
struct LinkRates {
  double alone = 0, while_computing = 0;
};
LinkRates MeasureLink(at::Device from = at::kCPU);

// What one run measures before any budget: the step with every block resident, and the planner's
// view of the machine and the model from it.
struct Baseline {
  LinkRates link, donor_link;    // the second where there is a donor
  double resident_ms = 0;        // launched kernel by kernel
  double resident_graph_ms = 0;  // as a CUDA graph
  uint64_t weight_bytes = 0;
  uint64_t activation_bytes = 0;  // of the device at the peak of a step, beside the weights
  at::Tensor prediction;          // of that step
  placement::Topology topology;
  placement::ModelProfile profile;  // the transformer, each block timed
};
absl::StatusOr<Baseline> MeasureBaseline(BlockList<FluxState>& blocks, const FluxState& inputs,
                                         const Options& options, HostBudget* host);

struct StreamFigures {
  double step_ms = 0, first_step_ms = 0, predicted_ms = 0;
  uint64_t bytes_per_step = 0, donor_bytes_per_step = 0;  // the second of the first
  uint64_t weights_peak_bytes = 0;                        // resident blocks and ring
  uint64_t peak_bytes = 0;  // of the device, all that the run came to hold
  uint64_t predicted_peak_bytes = 0;
  int ring_slots = 0;
  bool equal = false;  // to the resident step, bit for bit
};
absl::StatusOr<StreamFigures> RunUnderBudget(uint64_t budget_bytes, const Baseline& baseline,
                                             BlockList<FluxState>& blocks, const FluxState& inputs,
                                             const Options& options, HostBudget* host);

// A step of a model that was moved to host memory as a whole, and comes back beside it.
struct FirstStep {
  double ms = 0;
  uint64_t bytes = 0;
};
absl::StatusOr<FirstStep> RunFromHost(BlockList<FluxState>& blocks, const FluxState& inputs,
                                      HostBudget* host);

// One pass whose blocks come and go.
void RunPass(const BlockList<FluxState>& blocks, ResidentBlocks& weights, FluxState& state);

}  // namespace hanga::bench
