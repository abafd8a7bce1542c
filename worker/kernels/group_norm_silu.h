// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Group normalisation (arXiv:1803.08494), alone or followed by SiLU, as convolutional residual
// blocks begin.
#pragma once

#include <ATen/core/Tensor.h>

namespace hanga::kernels {

// x [B, C, H, W] in any memory format, which the result keeps; weight and bias [C].
at::Tensor GroupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps);

// silu(GroupNorm(x + x_bias)); x_bias [C] or [B, C], contiguous: what is still to be added of the
// convolution which made x, or undefined.
at::Tensor GroupNormSilu(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps, const at::Tensor& x_bias = {});

}  // namespace hanga::kernels
