// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/cost_model.h"

#include <algorithm>

namespace hanga::placement {
namespace {

constexpr int kCollectivesPerBlock = 2;  // q, k and v in one all-to-all; the output in another

double MatmulFlops(const Device& device, Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return device.matmul_fp32_flops > 0 ? device.matmul_fp32_flops : device.matmul_flops / 2;
    case Precision::kFp8:
      return device.matmul_fp8_flops > 0 ? device.matmul_fp8_flops : device.matmul_flops;
    case Precision::kFp16:
      break;
  }
  return device.matmul_flops;
}

double Shared(const Topology& topology, double bytes_per_second, int sharers) {
  const double total = topology.host.total_bytes_per_second;
  return total > 0 ? std::min(bytes_per_second, total / std::max(1, sharers)) : bytes_per_second;
}

}  // namespace

double BlockSeconds(const BlockProfile& block, const Device& device) {
  const auto measured = block.measured_seconds.find(device.model);
  if (measured != block.measured_seconds.end()) return measured->second;
  const double arithmetic = block.linear_flops / MatmulFlops(device, block.precision) +
                            block.attention_flops / device.attention_flops;
  if (arithmetic == 0 && block.run_bytes == 0) return 0;  // moves tensors about, computes nothing
  const double reading = device.memory_bytes_per_second > 0
                             ? static_cast<double>(block.run_bytes) / device.memory_bytes_per_second
                             : 0;
  return std::max(arithmetic, reading) + device.block_overhead_seconds;
}

double ParallelBlockSeconds(const BlockProfile& block, const Device& device, int ranks,
                            const Link& link) {
  const double whole = BlockSeconds(block, device);
  if (block.exchange_bytes == 0 || ranks < 2) return whole;
  const double overhead = std::min(whole, device.block_overhead_seconds);
  return overhead + (whole - overhead) / ranks +
         static_cast<double>(ExchangedBytes(block, ranks)) / link.bytes_per_second +
         kCollectivesPerBlock * link.latency_seconds;
}

uint64_t ExchangedBytes(const BlockProfile& block, int ranks) {
  // A rank holds 1/ranks of the tokens and keeps 1/ranks of those for its own heads.
  return block.exchange_bytes / ranks / ranks * (ranks - 1);
}

double TransferSeconds(uint64_t bytes, const Link& link) {
  return link.latency_seconds + static_cast<double>(bytes) / link.bytes_per_second;
}

double PinnedBytesPerSecond(const Topology& topology, const Device& device, int sharers) {
  return Shared(topology, device.pinned_bytes_per_second, sharers);
}

double PageableBytesPerSecond(const Topology& topology, const Device& device, int sharers) {
  return Shared(topology, device.pageable_bytes_per_second, sharers);
}

}  // namespace hanga::placement
