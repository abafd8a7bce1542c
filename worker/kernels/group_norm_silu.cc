// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/group_norm_silu.h"

#include <ATen/ATen.h>

namespace hanga::kernels {

at::Tensor GroupNormSilu(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps) {
  auto normed = at::group_norm(x, groups, weight, bias, eps);
  return at::silu_(normed);
}

}  // namespace hanga::kernels
