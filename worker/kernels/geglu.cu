// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "worker/kernels/cuda_vector.cuh"
#include "worker/kernels/geglu_cuda.h"

namespace hanga::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMostBlocks = int64_t{1} << 20;

__device__ float Gelu(float x) { return 0.5f * x * (1.f + erff(x * 0.70710678118654752f)); }

// A pack of each half a thread at a time; `packs` of them a row.
template <typename T, int kWidth>
__global__ void __launch_bounds__(kThreads) GegluKernel(GegluArguments a, int packs) {
  const int64_t all = a.rows * packs, step = int64_t{gridDim.x} * kThreads;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < all; i += step) {
    const int64_t row = i / packs, column = (i - row * packs) * kWidth;
    const T* x = static_cast<const T*>(a.x) + 2 * row * a.width + column;
    float value[kWidth], gate[kWidth];
    LoadFloats(x, value);
    LoadFloats(x + a.width, gate);
#pragma unroll
    for (int e = 0; e < kWidth; ++e) value[e] *= Gelu(gate[e]);
    StoreFloats(static_cast<T*>(a.out) + row * a.width + column, value);
  }
}

template <typename T, int kWidth>
void Launch(const GegluArguments& a, CudaStream stream) {
  const int64_t packs = a.width / kWidth;
  const int64_t blocks = std::min(kMostBlocks, (a.rows * packs + kThreads - 1) / kThreads);
  GegluKernel<T, kWidth>
      <<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(a, static_cast<int>(packs));
}

}  // namespace

void GegluCuda(const GegluArguments& a, CudaStream stream) {
  if (a.rows * a.width == 0) return;
  WithElementType(a.type, [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    constexpr int kWidest = 16 / sizeof(T);
    const auto aligned = [](const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; };
    const bool wide = a.width % kWidest == 0 && aligned(a.x) && aligned(a.out);
    wide ? Launch<T, kWidest>(a, stream) : Launch<T, 1>(a, stream);
  });
  CheckLaunch("Geglu");
}

}  // namespace hanga::kernels
