// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/gated_residual.h"

#include <ATen/ATen.h>

#include <utility>

#include "worker/kernels/layer_norm_modulate.h"
#include "worker/kernels/row_modulation.h"

namespace hanga::kernels {

at::Tensor GatedResidual(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& y) {
  if (x.is_cuda()) {
    RowModulation rows{.x = x, .gate = gate, .y = y};
    rows.residual = at::empty_like(x);
    if (RunRowModulation(rows)) return rows.residual;
  }
  return at::addcmul(x, gate, y);
}

ResidualAndNormalized GatedResidualModulate(const at::Tensor& x, const at::Tensor& gate,
                                            const at::Tensor& y, const at::Tensor& shift,
                                            const at::Tensor& scale) {
  auto both = GatedResidualModulate(x, gate, y, shift, scale, RowForm::kPlain);
  return {std::move(both.residual), std::move(both.normalized.values)};
}

ResidualAndRows GatedResidualModulate(const at::Tensor& x, const at::Tensor& gate,
                                      const at::Tensor& y, const at::Tensor& shift,
                                      const at::Tensor& scale, RowForm form) {
  if (x.is_cuda()) {
    RowModulation rows{.x = x, .gate = gate, .y = y, .shift = shift, .scale = scale};
    rows.residual = at::empty_like(x);
    rows.normalized = EmptyRows(x, form);
    if (RunRowModulation(rows)) return {rows.residual, rows.normalized};
  }
  const auto residual = GatedResidual(x, gate, y);
  return {residual, LayerNormModulate(residual, shift, scale, form)};
}

}  // namespace hanga::kernels
