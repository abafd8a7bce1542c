// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/layer_norm_modulate.h"

#include <ATen/ATen.h>

#include "worker/kernels/row_modulation.h"

namespace hanga::kernels {

at::Tensor LayerNormModulate(const at::Tensor& x, const at::Tensor& shift,
                             const at::Tensor& scale) {
  if (x.is_cuda()) {
    RowModulation rows{.x = x.contiguous(), .shift = shift, .scale = scale};
    rows.normalized = at::empty_like(rows.x);
    if (RunRowModulation(rows)) return rows.normalized;
  }
  const auto normed =
      at::layer_norm(x, {x.size(-1)}, /*weight=*/{}, /*bias=*/{}, kLayerNormEpsilon);
  return at::addcmul(shift, normed, scale + 1);
}

}  // namespace hanga::kernels
