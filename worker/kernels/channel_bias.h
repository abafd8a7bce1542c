// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What follows a convolution: its bias, and the residual connection around it, in one pass.
#pragma once

#include <ATen/core/Tensor.h>

namespace hanga::kernels {

// x += bias, and += residual where there is one; summed in float32 and rounded once on a GPU.
// x and residual [B, C, H, W] in any memory format; bias [C].
void AddChannelBias(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual = {});

}  // namespace hanga::kernels
