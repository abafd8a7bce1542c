// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The devices that get a local worker.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace hanga {

// Expands "auto": every GPU that this process may see ("cuda:0", ...), or else "cpu:0". Keeps the
// rest as written. INVALID_ARGUMENT names a device that is not cpu:N or cuda:N, or is listed twice,
// or "auto" beside others.
absl::StatusOr<std::vector<std::string>> ParseDevices(const std::vector<std::string>& devices);

// GPUs of this host: the device files, or fewer where CUDA_VISIBLE_DEVICES lists fewer.
int CountGpus();

bool IsCpu(absl::string_view device);

// The id of a device's local worker: "cuda-0".
std::string LocalWorkerId(absl::string_view device);

}  // namespace hanga
