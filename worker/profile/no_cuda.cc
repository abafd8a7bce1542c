// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A machine without GPUs.

#include "worker/profile/topology_probe.h"

namespace hanga {

int ProbedGpuCount() { return 0; }
absl::Status MeasureGpu(int, placement::Device*) { return absl::NotFoundError("no GPU"); }
std::string GpuIdentity(int) { return ""; }
absl::Status ReadGpuMemory(int, placement::Device*) { return absl::NotFoundError("no GPU"); }
absl::StatusOr<placement::Link> MeasureGpuLink(int, int) { return absl::NotFoundError("no GPU"); }

}  // namespace hanga
