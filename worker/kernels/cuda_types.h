// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the CUDA side of every kernel takes: element types and a stream, no ATen.
#pragma once

#include <cstdint>

struct CUstream_st;

namespace hanga::kernels {

using CudaStream = CUstream_st*;

enum class ElementType { kFloat32, kFloat16, kBFloat16 };

}  // namespace hanga::kernels
