// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The second half of a parallel transformer block's input: attention beside the activated MLP.
#pragma once

#include <ATen/core/Tensor.h>

namespace hanga::kernels {

// cat({a, gelu(b)}) along the last dimension, with the tanh form of GELU. a [B, L, M], b [B, L, N];
// rows may lie apart.
at::Tensor ConcatGelu(const at::Tensor& a, const at::Tensor& b);

}  // namespace hanga::kernels
