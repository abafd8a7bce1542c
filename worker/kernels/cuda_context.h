// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a kernel's dispatch asks of the device: the current stream, element types, matrix products.
// One process owns a GPU and one thread its compute, so there is one product cache a process.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "worker/kernels/cuda_types.h"
#include "worker/kernels/matmul_cuda.h"

namespace hanga::kernels {

// The stream that ATen works on now.
CudaStream CurrentCudaStream();

// True for the types that the kernels are compiled for.
bool HasElementType(const at::Tensor& tensor);
ElementType ElementTypeOf(const at::Tensor& tensor);

Matmul& DeviceMatmul();

}  // namespace hanga::kernels
