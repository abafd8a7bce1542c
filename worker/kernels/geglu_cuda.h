// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of geglu.h: pointers, sizes and a stream.
#pragma once

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

struct GegluArguments {
  ElementType type;
  int64_t rows, width;
  const void* x;  // [rows, 2 * width]
  void* out;      // [rows, width]
};

void GegluCuda(const GegluArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
