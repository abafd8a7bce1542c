// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// float8_e4m3fn on the device: how a row is scaled, and 8 values at a time.
#pragma once

#include <cuda_fp8.h>

#include "worker/kernels/cuda_vector.cuh"

namespace hanga::kernels {

inline constexpr float kLargestFp8 = 448.f;

// Of a row whose largest magnitude is `largest`; a row of zeros has one too.
__device__ inline float RowScale(float largest) { return fmaxf(largest, 1e-12f) / kLargestFp8; }

// The largest over the block, in every thread; `scratch` holds 32 floats, see BlockSum.
__device__ inline float BlockMax(float x, float* scratch) {
  const int warps = (blockDim.x + 31) / 32;
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, offset));
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
  __syncthreads();
  x = threadIdx.x % 32 < warps ? scratch[threadIdx.x % 32] : 0.f;
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, offset));
  __syncthreads();
  return x;
}

// N consecutive values times `inverse`, rounded to the nearest.
template <int N>
__device__ void StoreFp8(__nv_fp8_storage_t* to, const float (&from)[N], float inverse) {
  Pack<__nv_fp8_storage_t, N> pack;
#pragma unroll
  for (int i = 0; i < N; ++i) {
    pack.at[i] = __nv_cvt_float_to_fp8(from[i] * inverse, __NV_SATFINITE, __NV_E4M3);
  }
  *reinterpret_cast<Pack<__nv_fp8_storage_t, N>*>(to) = pack;
}

}  // namespace hanga::kernels
