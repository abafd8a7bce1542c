// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The gated residual connection of diffusion transformers (adaLN-Zero, arXiv:2212.09748).
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/kernels/rows.h"

namespace hanga::kernels {

// x + gate * y. x and y [B, L, C]; gate [B, 1, C].
at::Tensor GatedResidual(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& y);

struct ResidualAndNormalized {
  at::Tensor residual, normalized;  // [B, L, C] each
};

// GatedResidual, and LayerNormModulate of it by shift and scale [B, 1, C] in the same pass, with
// the bits of the one after the other.
ResidualAndNormalized GatedResidualModulate(const at::Tensor& x, const at::Tensor& gate,
                                            const at::Tensor& y, const at::Tensor& shift,
                                            const at::Tensor& scale);

struct ResidualAndRows {
  at::Tensor residual;
  Rows normalized;
};

// The same with the norm in the form that the product which follows takes.
ResidualAndRows GatedResidualModulate(const at::Tensor& x, const at::Tensor& gate,
                                      const at::Tensor& y, const at::Tensor& shift,
                                      const at::Tensor& scale, RowForm form);

}  // namespace hanga::kernels
