// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The device of this process, by its name on the command line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hanga/v1/cluster_service.pb.h"

namespace hanga {

struct Device {
  v1::DeviceInfo info;
  std::string torch_name;  // "cpu", "cuda:0": as LoadOptions has it
  bool is_gpu = false;
  std::function<uint64_t()> free_bytes, held_bytes;  // as Engine has them
};

// "cpu", "cpu:K" or "cuda:K"; a CPU device computes with `threads`, 0 for as many as the machine
// has. INVALID_ARGUMENT or NOT_FOUND in one sentence.
absl::StatusOr<Device> FindDevice(const std::string& id, int threads);

// Every device of this machine: its GPUs, then "cpu:0".
std::vector<Device> ListDevices();

}  // namespace hanga
