// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of layer_norm_modulate.h: pointers, sizes and a stream.
#pragma once

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

// Rows are contiguous; modulation vectors belong to a batch element and lie `modulation_stride`
// elements apart. A null pointer leaves its part out: no residual (gate and y), no modulation
// (shift and scale), no normalized output.
struct LayerNormModulateArguments {
  ElementType type;
  int64_t batch, rows, channels;  // x is [batch, rows, channels]
  const void* x;
  const void* gate;   // [batch, channels]
  const void* y;      // [batch, rows, channels], added to x times the gate
  const void* shift;  // [batch, channels]
  const void* scale;  // [batch, channels]
  int64_t modulation_stride;
  float epsilon;
  void* residual;    // [batch, rows, channels], x + gate * y; may be x itself
  void* normalized;  // [batch, rows, channels], (1 + scale) * LayerNorm(residual) + shift
  float* scales;     // [batch, rows]: normalized is e4m3 with these; null: it is of the type
};

void LayerNormModulateCuda(const LayerNormModulateArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
