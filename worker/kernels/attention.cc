// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/attention.h"

#include <ATen/ATen.h>

#include "worker/kernels/copy_rows.h"

namespace hanga::kernels {

at::Tensor Attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options) {
  const std::optional<at::Tensor> bias =
      options.bias.defined() ? std::optional(options.bias) : std::nullopt;
  return at::scaled_dot_product_attention(q, k, v, bias, /*dropout_p=*/0.0, options.causal,
                                          options.scale)
      .transpose(1, 2)
      .flatten(2);
}

void AttentionInto(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const at::Tensor& out) {
  CopyRows(Attention(q, k, v), out);
}

}  // namespace hanga::kernels
