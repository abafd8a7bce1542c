// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of copy_rows.h: pointers, sizes and a stream.
#pragma once

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

// All in units of 16 bytes.
struct CopyRowsArguments {
  int64_t batch, rows, width;
  const void* from;
  int64_t from_batch_stride, from_row_stride;
  void* to;
  int64_t to_batch_stride, to_row_stride;
};

void CopyRowsCuda(const CopyRowsArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
