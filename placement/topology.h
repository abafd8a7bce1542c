// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The machine as the planner sees it: devices, what is free on them, how fast they compute, and how
// fast bytes move between them. Values come from measurements (or from a rig.toml for a machine one
// does not have); docs/formats/topology.md describes the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hanga::placement {

enum class DeviceKind { kCpu, kCuda };

// Something that computes. Rates are measured, in FLOP/s; 0 where not measured.
struct Device {
  std::string name;  // "cuda:0", "cpu:1"
  DeviceKind kind = DeviceKind::kCuda;
  std::string model;  // "NVIDIA H100 80GB HBM3": the key of measured block times
  uint64_t total_bytes = 0;
  uint64_t used_by_others_bytes = 0;   // other processes, and other models of this server
  double matmul_flops = 0;             // 16 bit; never 0
  double matmul_fp32_flops = 0;        // 0: half of the 16 bit rate
  double matmul_fp8_flops = 0;         // 0: none; fp8 weights are computed at the 16 bit rate
  double attention_flops = 0;          // never 0
  double memory_bytes_per_second = 0;  // 0: not a limit
  double block_overhead_seconds = 0;   // launches and elementwise work of one block

  // Host memory to this device and back. Never 0.
  double pinned_bytes_per_second = 0;
  double pageable_bytes_per_second = 0;
  double to_host_bytes_per_second = 0;
  double while_computing = 1;  // (0, 1]: what is left of the copy bandwidth while kernels run

  uint64_t free_bytes() const { return total_bytes - used_by_others_bytes; }
};

enum class LinkKind { kNvlink, kPcie, kHost };  // kHost: staged through host memory

// One direction from one device to another.
struct Link {
  std::string from, to;
  LinkKind kind = LinkKind::kPcie;
  double bytes_per_second = 0;
  double latency_seconds = 0;
};

struct Host {
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;
  double file_bytes_per_second = 0;   // sequential read of weight files that are not in memory
  double total_bytes_per_second = 0;  // all devices copying at once; 0: their sum
};

struct Topology {
  std::string name;
  Host host;
  std::vector<Device> devices;
  std::vector<Link> links;  // every ordered pair of devices

  int IndexOf(std::string_view device) const;    // -1: no such device
  const Link* FindLink(int from, int to) const;  // nullptr: none
  std::vector<std::string> DeviceNames() const;
};

// INVALID_ARGUMENT names the device or link, the value and what is allowed: unique names, positive
// sizes and rates, no more used than there is, one link for every ordered pair.
absl::Status Validate(const Topology& topology);

// From and to TOML. Parse errors carry the line and column; unknown keys are errors. The result is
// validated. Print(Parse(x)) parses to an equal topology.
absl::StatusOr<Topology> ParseTopology(std::string_view toml);
std::string PrintTopology(const Topology& topology);

// `count` equal CPU devices with round numbers, for tests and for machines without a GPU.
Topology VirtualCpuTopology(int count, uint64_t bytes_each);

}  // namespace hanga::placement
