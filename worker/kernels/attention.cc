// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/attention.h"

#include <ATen/ATen.h>

#include <cmath>

#include "worker/kernels/copy_rows.h"
#include "worker/kernels/cuda_context.h"

namespace hanga::kernels {
namespace {

HeadsAt HeadsOf(const at::Tensor& t) {
  return {const_cast<void*>(t.const_data_ptr()), t.stride(0), t.stride(1), t.stride(2)};
}

bool RunFused(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
              const at::Tensor& out) {
  if (!q.is_cuda() || !HasElementType(q) || out.stride(-1) != 1) return false;
  const auto heads = out.unflatten(-1, {q.size(1), q.size(3)}).transpose(1, 2);
  for (const at::Tensor* t : {&q, &k, &v, &heads}) {
    if (t->scalar_type() != q.scalar_type() || t->stride(3) != 1) return false;
  }
  return DeviceAttention().Run({.type = ElementTypeOf(q),
                                .batch = q.size(0),
                                .heads = q.size(1),
                                .queries = q.size(2),
                                .keys = k.size(2),
                                .dim = q.size(3),
                                .q = HeadsOf(q),
                                .k = HeadsOf(k),
                                .v = HeadsOf(v),
                                .out = HeadsOf(heads),
                                .scale = 1.f / std::sqrt(static_cast<float>(q.size(3)))},
                               CurrentCudaStream());
}

}  // namespace

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
  if (!RunFused(q, k, v, out)) CopyRows(Attention(q, k, v), out);
}

}  // namespace hanga::kernels
