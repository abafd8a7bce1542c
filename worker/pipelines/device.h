// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the process may know and set of its device without seeing Torch.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace hanga {

// Threads that a CPU device computes with; the whole process's. Call it before the first model.
void SetComputeThreads(int threads);

struct GpuFacts {
  std::string model;          // "NVIDIA H200"
  std::string uuid;           // "GPU-..."
  uint64_t memory_bytes = 0;  // in all
  uint64_t free_bytes = 0;    // not used by any process, and what this one holds unused
  uint64_t held_bytes = 0;    // that this process uses
};

// GPUs that the driver shows to this process; 0 without CUDA.
int GpuCount();

// NOT_FOUND if there is no such GPU, UNAVAILABLE if it does not answer.
absl::StatusOr<GpuFacts> QueryGpu(int index);

// What this process may allocate of a GPU from now on, libraries' workspaces included, beside what
// it uses already, less `own_bytes` of that: an allocation beyond it fails as if there were no
// more. Nothing on a CPU. Returns the limit's number.
uint64_t LimitGpuMemory(const std::string& device, uint64_t bytes, uint64_t own_bytes = 0);
// The number of the limit that holds for the GPU: models of one process set theirs in turn.
uint64_t GpuMemoryLimit(const std::string& device);

// Gives memory that the allocator keeps for later back to the device.
void ReleaseUnusedGpuMemory();

}  // namespace hanga
