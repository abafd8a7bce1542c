// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The gated linear unit of UNets' transformers (GEGLU, arXiv:2002.05202).
#pragma once

#include <ATen/core/Tensor.h>

namespace hanga::kernels {

// x [..., 2 * N], contiguous: the first half times the GELU (by the error function) of the second
// -> [..., N]. In float32, rounded once.
at::Tensor Geglu(const at::Tensor& x);

}  // namespace hanga::kernels
