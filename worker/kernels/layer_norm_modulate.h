// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The adaptive layer norm of diffusion transformers (adaLN, arXiv:2212.09748).
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/kernels/rows.h"

namespace hanga::kernels {

// (1 + scale) * LayerNorm(x) + shift, eps 1e-6, no weights. x [B, L, C]; shift and scale [B, 1, C].
at::Tensor LayerNormModulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale);

// The same in the form that the product which follows takes.
Rows LayerNormModulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale,
                       RowForm form);

}  // namespace hanga::kernels
