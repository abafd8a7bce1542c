// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/layer_norm_modulate.h"

#include <ATen/ATen.h>

#include "worker/kernels/quantize_rows.h"
#include "worker/kernels/row_modulation.h"

namespace hanga::kernels {

at::Tensor LayerNormModulate(const at::Tensor& x, const at::Tensor& shift,
                             const at::Tensor& scale) {
  return LayerNormModulate(x, shift, scale, RowForm::kPlain).values;
}

Rows LayerNormModulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale,
                       RowForm form) {
  if (x.is_cuda()) {
    RowModulation rows{.x = x.contiguous(), .shift = shift, .scale = scale};
    rows.normalized = EmptyRows(rows.x, form);
    if (RunRowModulation(rows)) return rows.normalized;
  }
  const auto normed =
      at::layer_norm(x, {x.size(-1)}, /*weight=*/{}, /*bias=*/{}, kLayerNormEpsilon);
  const auto modulated = at::addcmul(shift, normed, scale + 1);
  return form == RowForm::kPlain ? Rows(modulated) : QuantizeRows(modulated);
}

}  // namespace hanga::kernels
