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

}  // namespace hanga
