// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/geglu.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/geglu_cuda.h"

namespace hanga::kernels {

at::Tensor Geglu(const at::Tensor& x) {
  if (x.is_cuda() && HasElementType(x) && x.is_contiguous() && x.size(-1) % 2 == 0) {
    auto shape = x.sizes().vec();
    shape.back() /= 2;
    auto out = at::empty(shape, x.options());
    GegluCuda({.type = ElementTypeOf(x),
               .rows = x.numel() / x.size(-1),
               .width = shape.back(),
               .x = x.const_data_ptr(),
               .out = out.mutable_data_ptr()},
              CurrentCudaStream());
    return out;
  }
  const auto halves = x.chunk(2, -1);
  return halves[0] * at::gelu(halves[1]);
}

}  // namespace hanga::kernels
