// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// 16-byte loads and stores of any element type, computed in float32; sums over warps and blocks.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

__device__ inline float ToFloat(float x) { return x; }
__device__ inline float ToFloat(__half x) { return __half2float(x); }
__device__ inline float ToFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__device__ T FromFloat(float x);
template <>
__device__ inline float FromFloat<float>(float x) {
  return x;
}
template <>
__device__ inline __half FromFloat<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__device__ inline __nv_bfloat16 FromFloat<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// N consecutive elements; the address is a multiple of N * sizeof(T) up to 16 bytes.
template <typename T, int N>
struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) Pack {
  T at[N];
};

template <typename T, int N>
__device__ void LoadFloats(const T* from, float (&to)[N]) {
  const auto pack = *reinterpret_cast<const Pack<T, N>*>(from);
#pragma unroll
  for (int i = 0; i < N; ++i) to[i] = ToFloat(pack.at[i]);
}

template <typename T, int N>
__device__ void StoreFloats(T* to, const float (&from)[N]) {
  Pack<T, N> pack;
#pragma unroll
  for (int i = 0; i < N; ++i) pack.at[i] = FromFloat<T>(from[i]);
  if constexpr (sizeof(pack) % sizeof(uint4) == 0) {
    // Asked for by name: left to itself the compiler may store piece by piece.
    uint4 words[sizeof(pack) / sizeof(uint4)];
    memcpy(words, &pack, sizeof pack);
#pragma unroll
    for (size_t i = 0; i < sizeof(pack) / sizeof(uint4); ++i) {
      __stwb(reinterpret_cast<uint4*>(to) + i, words[i]);
    }
  } else {
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
  }
}

__device__ inline float WarpSum(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}

// The sum over the block, in every thread and in the same order on every run. `scratch` holds 32
// floats and may be used again after the next barrier.
__device__ inline float BlockSum(float x, float* scratch) {
  const int warps = (blockDim.x + 31) / 32;
  x = WarpSum(x);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
  __syncthreads();
  x = threadIdx.x % 32 < warps ? scratch[threadIdx.x % 32] : 0.f;
  x = WarpSum(x);
  __syncthreads();
  return x;
}

// Calls f with a null pointer of the element type.
template <typename F>
void WithElementType(ElementType type, F&& f) {
  switch (type) {
    case ElementType::kFloat32:
      return f(static_cast<float*>(nullptr));
    case ElementType::kFloat16:
      return f(static_cast<__half*>(nullptr));
    case ElementType::kBFloat16:
      return f(static_cast<__nv_bfloat16*>(nullptr));
  }
}

inline void CheckLaunch(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) {
    throw std::runtime_error(std::string(kernel) + ": CUDA error: " + cudaGetErrorString(error));
  }
}

}  // namespace hanga::kernels
