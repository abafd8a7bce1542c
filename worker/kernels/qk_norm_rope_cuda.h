// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of qk_norm_rope.h: pointers, sizes and a stream.
#pragma once

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

struct QkNormRopeArguments {
  ElementType type;
  int64_t batch, rows, heads, head_dim;
  void* qkv;  // [batch, rows, 3, heads, head_dim]; q and k are turned in place
  int64_t batch_stride, row_stride;  // of qkv, in elements
  const void* q_scale;               // [head_dim], of the RMS norms
  const void* k_scale;
  float epsilon;
  const float* rope;  // [rows, head_dim / 2, 2] cosine and sine of these rows
};

// Whether the kernel is compiled for such heads and strides.
bool QkNormRopeTakes(int64_t head_dim, int64_t batch_stride, int64_t row_stride);

void QkNormRopeInPlaceCuda(const QkNormRopeArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
