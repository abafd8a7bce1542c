// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// device.h where Hanga is built without CUDA.

#include "absl/strings/str_cat.h"
#include "worker/pipelines/device.h"

namespace hanga {

int GpuCount() { return 0; }

absl::StatusOr<GpuFacts> QueryGpu(int index) {
  return absl::NotFoundError(
      absl::StrCat("device: cuda:", index, " does not exist; this hanga-worker is without CUDA"));
}

uint64_t LimitGpuMemory(const std::string&, uint64_t, uint64_t) { return 0; }
uint64_t GpuMemoryLimit(const std::string&) { return 0; }

void ReleaseUnusedGpuMemory() {}

}  // namespace hanga
