// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The networks of one model within one device's budget: text encoders, denoiser, autoencoder. They
// run one after another, so that the ring of one is the next one's memory, and blocks of the
// denoiser make room while another network runs where the plan says so. Donors, other devices of
// the machine, keep streamed blocks in their memory, or run a whole network.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/residency/resident_blocks.h"

namespace hanga {

struct NetworkPlacement {
  std::string name;
  std::vector<BlockWeights*> blocks;
  BlockTiers where;
  std::shared_ptr<const WeightSource> source;
  WeightStorage storage;
  uint64_t makes_room_bytes = 0;  // that the denoiser gives while this network runs
  bool is_denoiser = false;
  std::string donor = {};  // that runs the network; empty: the model's device does
};

// What another device's memory may be used for this model.
struct DonorLimit {
  std::string name;  // "cuda:1"
  at::Device device = at::kCPU;
  uint64_t bytes = 0;
};

struct ResidencyLimits {
  uint64_t device_bytes = 0;  // for weights
  uint64_t pinned_host_bytes = 0, host_bytes = 0;
  std::vector<DonorLimit> donors = {};
};

// Not thread-safe: owned by the thread that owns the device's compute.
class ModelResidency {
 public:
  // Loads every network; the blocks outlive it. RESOURCE_EXHAUSTED: a limit or the machine has no
  // room. FAILED_PRECONDITION: a donor is not among the limits'. Nothing stays loaded then.
  static absl::StatusOr<std::unique_ptr<ModelResidency>> Load(
      std::vector<NetworkPlacement> networks, const std::string& device_name, at::Device device,
      const ResidencyLimits& limits);

  // Makes a network ready for passes. Throws as ATen does.
  absl::StatusOr<ResidentBlocks*> Enter(const std::string& network);

  // Blocks leave the model's device for the host, or are left to their files, until `bytes` are
  // given back or the whole model is away; Enter brings its networks back. Those that run once a
  // picture go first. Returns what was given back. RESOURCE_EXHAUSTED: neither host nor files can
  // keep one.
  absl::StatusOr<uint64_t> Evict(uint64_t bytes);

  uint64_t device_bytes() const { return device_budget_.used_bytes(); }
  uint64_t device_peak_bytes() const { return device_budget_.peak_bytes(); }
  uint64_t host_bytes() const { return host_budget_.used_bytes(); }
  std::map<std::string, uint64_t> donor_bytes() const;  // of each donor's memory
  // The system refused to lock pages that the limit allowed: copies are slower than planned.
  bool pinning_refused() const { return host_budget_.pinning_refused(); }
  ResidencyCounters counters() const;  // of all networks

 private:
  struct Network {
    uint64_t makes_room_bytes = 0;
    bool on_donor = false;
    std::unique_ptr<ResidentBlocks> weights;
  };

  ModelResidency(const std::string& device_name, const ResidencyLimits& limits);
  absl::StatusOr<ResidentBlocks::Memory> MemoryOf(const NetworkPlacement& placed,
                                                  at::Device device);

  DeviceBudget device_budget_;
  std::map<std::string, DeviceBudget> donor_budgets_;
  std::vector<Donor> donors_;
  HostBudget host_budget_;
  std::map<std::string, Network> networks_;
  ResidentBlocks* denoiser_ = nullptr;
  std::string current_;
};

}  // namespace hanga
