// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// This machine as the planner sees it, measured.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "placement/topology.h"

namespace hanga {

// Devices and the host, with what is free at this moment. Names are "cuda:N" or "cpu:N". Rates of
// GPUs, and of the links between those that are asked for together, are measured once, in about a
// second each and with up to 1 GiB of their memory, and kept by the devices' identities in
// `cache_folder` (empty: not kept); rates of a CPU are round numbers. NOT_FOUND: no such device.
absl::StatusOr<placement::Topology> ProbeDevices(const std::vector<std::string>& devices,
                                                 const std::string& cache_folder);
absl::StatusOr<placement::Topology> ProbeDevice(const std::string& device,
                                                const std::string& cache_folder);

// Every GPU of the machine with the links between them, or its CPU where it has none.
absl::StatusOr<placement::Topology> ProbeMachine(const std::string& cache_folder);

// $XDG_CACHE_HOME/hanga, or ~/.cache/hanga; empty where neither is known.
std::string DefaultCacheFolder();

// The measuring side; where there is no CUDA, a machine without GPUs.
int ProbedGpuCount();
absl::Status MeasureGpu(int index, placement::Device* device);
// What tells GPU, driver and library apart, fit for a file's name.
std::string GpuIdentity(int index);
absl::Status ReadGpuMemory(int index, placement::Device* device);
// Peer copies where the devices reach each other, through host memory where they do not.
absl::StatusOr<placement::Link> MeasureGpuLink(int from, int to);

}  // namespace hanga
