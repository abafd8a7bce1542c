// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The networks of a model where a plan wants them, known by their names alone.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "worker/pipelines/block_clock.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/residency/model_residency.h"

namespace hanga {

// A network and the plan's component that it belongs to: "vae_decoder" of "vae".
struct PlannedNetwork {
  std::string name, component;
  std::vector<BlockWeights*> blocks;
  std::shared_ptr<const WeightSource> source;
  WeightStorage storage;
  bool is_denoiser = false;
};

// The blocks outlive it. Not thread-safe: owned by the thread that owns the device's compute.
class PlacedWeights {
 public:
  // What was loaded before is dropped first. RESOURCE_EXHAUSTED: a limit or the machine has no
  // room. FAILED_PRECONDITION: the plan is of another model, or takes a group of workers.
  absl::Status Load(std::vector<PlannedNetwork> networks, const placement::GroupPlan& plan,
                    at::Device device, const ResidencyLimits& limits);
  // Drops the weights; nothing stays allocated.
  void Unload();
  bool loaded() const { return weights_ != nullptr; }
  uint64_t loads() const { return loads_; }  // how often weights were loaded or dropped

  // Weights leave the device until `bytes` are given back or all are away, and come back when they
  // are used. Returns what was given back.
  uint64_t Evict(uint64_t bytes);

  // Runs a network, wherever its weights are. A failure names the block.
  template <typename State>
  absl::Status Run(const std::string& network, const BlockList<State>& blocks, State& state) const {
    const absl::StatusOr<ResidentBlocks*> placed = Enter(network);
    if (!placed.ok()) return placed.status();
    if ((*placed)->device() != device_) return RunAway(network, blocks, **placed, device_, state);
    return RunBlocks(network, blocks, **placed, state);
  }

  // The same with the time of each block.
  template <typename State>
  absl::Status RunTimed(const std::string& network, const BlockList<State>& blocks,
                        BlockClock* clock, State& state) const {
    const absl::StatusOr<ResidentBlocks*> placed = Enter(network);
    if (!placed.ok()) return placed.status();
    for (size_t i = 0; i < blocks.size(); ++i) {
      const absl::Status status = RunGuarded(network, [&] {
        (*placed)->Acquire(i);
        clock->Begin();
        blocks[i].run(state);
        clock->End();
        (*placed)->Release(i);
      });
      if (!status.ok()) return AtBlock(status, blocks[i].name);
    }
    return absl::OkStatus();
  }

  // Makes a network ready. True if every block of it stays where it is until moves() changes: then
  // its list may run as it is. False where nothing is loaded by a plan.
  absl::StatusOr<bool> EnterResident(const std::string& network, size_t blocks) const;
  // Changes whenever weights may have come to lie elsewhere.
  uint64_t moves() const;

  uint64_t resident_bytes() const { return loaded() ? weights_->device_bytes() : 0; }
  std::map<std::string, uint64_t> donor_bytes() const;  // lent by other devices, now
  ResidencyCounters counters() const {
    return loaded() ? weights_->counters() : ResidencyCounters();
  }
  // The same with every loading before.
  ResidencyCounters totals() const;
  // The system refused to lock pages that the limit allowed.
  bool pinning_refused() const { return loaded() && weights_->pinning_refused(); }

 private:
  absl::StatusOr<ResidentBlocks*> Enter(const std::string& network) const;

  std::unique_ptr<ModelResidency> weights_;
  at::Device device_ = at::kCPU;
  uint64_t loads_ = 0;
  ResidencyCounters past_;  // of weights that were loaded before
};

}  // namespace hanga
