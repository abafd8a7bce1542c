// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of quantize_rows.h: pointers, sizes and a stream.
#pragma once

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

// Rows of `left` and, where right_channels is above 0, of `right` beside them.
struct QuantizeRowsArguments {
  ElementType type;  // of left and right
  int64_t batch, rows;
  const void* left;
  int64_t left_channels, left_batch_stride, left_row_stride;  // in elements
  const void* right;
  int64_t right_channels, right_batch_stride, right_row_stride;
  void* values;   // [batch, rows, left_channels + right_channels] e4m3
  float* scales;  // [batch, rows]
};

// Whether the kernel takes such rows: 16-byte accesses, and a row in a block's registers.
bool QuantizeRowsTakes(const QuantizeRowsArguments& arguments);

void QuantizeRowsCuda(const QuantizeRowsArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
