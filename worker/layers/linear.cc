// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/layers/linear.h"

#include <ATen/ATen.h>

#include "worker/kernels/quantize_rows.h"

namespace hanga {

// The activation comes after what adapters add.
at::Tensor LinearPart::Adapted(const kernels::Rows& x, Activation activation) const {
  const at::Tensor product = kernels::Linear(x, {weight, scales}, bias);
  const at::Tensor rows = x.in_fp8() ? kernels::Dequantize(x, product.scalar_type()) : x.values;
  at::Tensor y = side->AddToRows(rows, product, bias, first);
  return activation == Activation::kGeluTanh ? at::gelu_(y, "tanh") : y;
}

at::Tensor SideBySide(std::initializer_list<const Linear*> layers) {
  const at::Tensor& first = (*layers.begin())->weight;
  int64_t rows = 0;
  for (const Linear* layer : layers) {
    const at::Tensor& w = layer->weight;
    const bool fits = layer->side == nullptr && !layer->bias.defined() && w.defined() &&
                      w.is_contiguous() && w.is_alias_of(first) &&
                      w.scalar_type() == first.scalar_type() && w.size(1) == first.size(1) &&
                      w.storage_offset() == first.storage_offset() + rows * first.size(1);
    if (!fits) return at::Tensor();
    rows += w.size(0);
  }
  return first.as_strided({rows, first.size(1)}, {first.size(1), 1});
}

}  // namespace hanga
