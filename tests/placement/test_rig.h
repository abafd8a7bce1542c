// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Machines and models for tests of the planner.
#pragma once

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "placement/planner.h"
#include "placement/quantities.h"

namespace hanga::placement {

inline Device TestGpu(int index, uint64_t total_bytes, double pinned_bytes_per_second = 25e9) {
  Device device;
  device.name = absl::StrCat("cuda:", index);
  device.model = "test GPU";
  device.total_bytes = total_bytes;
  device.matmul_flops = 100e12;
  device.attention_flops = 100e12;
  device.pinned_bytes_per_second = pinned_bytes_per_second;
  device.pageable_bytes_per_second = pinned_bytes_per_second / 4;
  device.to_host_bytes_per_second = pinned_bytes_per_second;
  return device;
}

inline void LinkAll(Topology* topology, LinkKind kind, double bytes_per_second) {
  topology->links.clear();
  for (const Device& from : topology->devices) {
    for (const Device& to : topology->devices) {
      if (from.name != to.name) {
        topology->links.push_back({from.name, to.name, kind, bytes_per_second, 1e-5});
      }
    }
  }
}

inline Topology TestRig(int gpus, uint64_t bytes_each, double peer_bytes_per_second = 200e9) {
  Topology topology;
  topology.name = absl::StrCat(gpus, " test GPUs");
  topology.host = {512 * kGiB, 480 * kGiB, 3e9, 0};
  for (int i = 0; i < gpus; ++i) topology.devices.push_back(TestGpu(i, bytes_each));
  LinkAll(&topology, LinkKind::kNvlink, peer_bytes_per_second);
  return topology;
}

// `count` equal denoiser blocks, each `seconds` on a TestGpu.
inline ModelProfile TestModel(int count, uint64_t bytes_each, double seconds) {
  ModelProfile profile;
  profile.model = "test model";
  profile.width = profile.height = 512;
  profile.steps = 10;
  for (int i = 0; i < count; ++i) {
    BlockProfile block;
    block.name = absl::StrCat("blocks.", i);
    block.component = "transformer";
    block.stored_bytes = block.run_bytes = bytes_each;
    block.linear_flops = seconds * 100e12;
    block.boundary_bytes = 10 * kMiB;
    profile.blocks.push_back(block);
  }
  return profile;
}

inline PlanOptions BareOptions() {
  PlanOptions options;
  options.reserve_vram_bytes = 0;
  return options;
}

// Deterministic on every machine, unlike std::uniform_*_distribution.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  uint64_t Below(uint64_t limit) { return engine_() % limit; }
  int Between(int low, int high) { return low + static_cast<int>(Below(high - low + 1)); }
  double Real(double low, double high) {
    return low + (high - low) * static_cast<double>(Below(1'000'000)) / 1e6;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace hanga::placement
