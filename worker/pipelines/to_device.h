// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace hanga {

// A tensor of the host on the device, without waiting for the work that is queued there.
at::Tensor ToDevice(const at::Tensor& tensor, at::Device device);

}  // namespace hanga
