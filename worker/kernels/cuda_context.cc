// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/cuda_context.h"

#include <ATen/core/Tensor.h>
#include <c10/cuda/CUDAStream.h>

namespace hanga::kernels {

CudaStream CurrentCudaStream() { return c10::cuda::getCurrentCUDAStream().stream(); }

Matmul& DeviceMatmul() {
  // Never destroyed: CUDA may be gone before static destructors run.
  static Matmul* const matmul = new Matmul();
  return *matmul;
}

}  // namespace hanga::kernels
