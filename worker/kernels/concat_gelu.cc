// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/concat_gelu.h"

#include <ATen/ATen.h>

namespace hanga::kernels {

at::Tensor ConcatGelu(const at::Tensor& a, const at::Tensor& b) {
  auto out = at::empty({a.size(0), a.size(1), a.size(2) + b.size(2)}, a.options());
  out.narrow(-1, 0, a.size(2)).copy_(a);
  auto activated = out.narrow(-1, a.size(2), b.size(2));
  at::gelu_out(activated, b, "tanh");
  return out;
}

}  // namespace hanga::kernels
