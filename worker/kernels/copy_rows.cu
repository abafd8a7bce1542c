// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/copy_rows_cuda.h"
#include "worker/kernels/cuda_vector.cuh"

namespace hanga::kernels {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) CopyRowsKernel(CopyRowsArguments a) {
  const auto* from = static_cast<const uint4*>(a.from) + blockIdx.y * a.from_batch_stride +
                     blockIdx.x * a.from_row_stride;
  auto* to =
      static_cast<uint4*>(a.to) + blockIdx.y * a.to_batch_stride + blockIdx.x * a.to_row_stride;
  for (int64_t i = threadIdx.x; i < a.width; i += kThreads) to[i] = from[i];
}

}  // namespace

void CopyRowsCuda(const CopyRowsArguments& a, CudaStream stream) {
  if (a.batch * a.rows * a.width == 0) return;
  const dim3 grid(static_cast<unsigned>(a.rows), static_cast<unsigned>(a.batch));
  CopyRowsKernel<<<grid, kThreads, 0, stream>>>(a);
  CheckLaunch("CopyRows");
}

}  // namespace hanga::kernels
