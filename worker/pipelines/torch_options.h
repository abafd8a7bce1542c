// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Devices and types by the names that users give them.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

#include "absl/status/statusor.h"
#include "worker/layers/module.h"

namespace hanga {

// "cpu", "cpu:0" or "cuda:1". INVALID_ARGUMENT: not a device; FAILED_PRECONDITION: this machine
// has none such.
absl::StatusOr<at::Device> ParseDevice(const std::string& name);

// "auto", "float32", "bfloat16" or "float16". auto is what the device computes best: float32 on
// CPUs, bfloat16 on GPUs.
absl::StatusOr<at::ScalarType> ParseDtype(const std::string& name, at::Device device);

// How weights are kept: `weights` is "auto", in the type that is computed in, or "fp8".
absl::StatusOr<WeightStorage> ParseWeights(const std::string& weights, at::ScalarType type);

}  // namespace hanga
