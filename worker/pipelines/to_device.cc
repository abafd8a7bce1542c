// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/to_device.h"

#include <ATen/ATen.h>

namespace hanga {

at::Tensor ToDevice(const at::Tensor& tensor, at::Device device) {
  if (device.is_cpu()) return tensor;
  // A copy from memory that is not page-locked would first wait for the device.
  return tensor.pin_memory().to(device, /*non_blocking=*/true);
}

}  // namespace hanga
