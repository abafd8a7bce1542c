// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/layer_norm_modulate.h"

#include <ATen/ATen.h>

namespace hanga::kernels {

at::Tensor LayerNormModulate(const at::Tensor& x, const at::Tensor& shift,
                             const at::Tensor& scale) {
  const auto normed = at::layer_norm(x, {x.size(-1)}, /*weight=*/{}, /*bias=*/{}, 1e-6);
  return at::addcmul(shift, normed, scale + 1);
}

}  // namespace hanga::kernels
