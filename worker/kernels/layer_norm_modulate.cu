// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/cuda_vector.cuh"
#include "worker/kernels/layer_norm_modulate_cuda.h"

namespace hanga::kernels {
namespace {

// One block a row, which stays in registers between its passes: each thread holds kPacks packs of
// kWidth elements. Mean first, then the squares around it: exact where the mean is large.
template <typename T, int kWidth, int kPacks>
__global__ void RowKernel(LayerNormModulateArguments a) {
  __shared__ float scratch[32];
  const int64_t row = blockIdx.x;
  const int64_t modulation = row / a.rows * a.modulation_stride;
  const T* x = static_cast<const T*>(a.x) + row * a.channels;
  float values[kPacks][kWidth];

  float sum = 0;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    const int64_t c = (int64_t{p} * blockDim.x + threadIdx.x) * kWidth;
    if (c >= a.channels) continue;
    LoadFloats(x + c, values[p]);
    if (a.y != nullptr) {
      float y[kWidth], gate[kWidth];
      LoadFloats(static_cast<const T*>(a.y) + row * a.channels + c, y);
      LoadFloats(static_cast<const T*>(a.gate) + modulation + c, gate);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[p][i] += gate[i] * y[i];
      StoreFloats(static_cast<T*>(a.residual) + row * a.channels + c, values[p]);
    }
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sum += values[p][i];
  }
  if (a.normalized == nullptr) return;

  const float mean = BlockSum(sum, scratch) / a.channels;
  float squares = 0;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if ((int64_t{p} * blockDim.x + threadIdx.x) * kWidth >= a.channels) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[p][i] -= mean;
      squares += values[p][i] * values[p][i];
    }
  }
  const float inverse = rsqrtf(BlockSum(squares, scratch) / a.channels + a.epsilon);

  T* out = static_cast<T*>(a.normalized) + row * a.channels;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    const int64_t c = (int64_t{p} * blockDim.x + threadIdx.x) * kWidth;
    if (c >= a.channels) continue;
    float shift[kWidth] = {}, scale[kWidth] = {};
    if (a.shift != nullptr) {
      LoadFloats(static_cast<const T*>(a.shift) + modulation + c, shift);
      LoadFloats(static_cast<const T*>(a.scale) + modulation + c, scale);
    }
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[p][i] = (1.f + scale[i]) * (values[p][i] * inverse) + shift[i];
    }
    StoreFloats(out + c, values[p]);
  }
}

template <typename T, int kWidth>
void LaunchRows(const LayerNormModulateArguments& a, CudaStream stream) {
  const int64_t packs = (a.channels + kWidth - 1) / kWidth;
  const auto launch = [&](auto per_thread, auto kernel) {
    const int64_t threads = (packs + per_thread - 1) / per_thread;
    kernel<<<static_cast<unsigned>(a.batch * a.rows),
             static_cast<unsigned>((threads + 31) / 32 * 32), 0, stream>>>(a);
  };
  if (packs <= 256) {
    launch(1, RowKernel<T, kWidth, 1>);
  } else if (packs <= 512) {
    launch(3, RowKernel<T, kWidth, 3>);
  } else if (packs <= 2048) {
    launch(4, RowKernel<T, kWidth, 4>);
  } else if (packs <= 16384) {
    launch(16, RowKernel<T, kWidth, 16>);
  } else {
    throw std::runtime_error("LayerNormModulate: a row has too many channels: " +
                             std::to_string(a.channels));
  }
}

}  // namespace

void LayerNormModulateCuda(const LayerNormModulateArguments& a, CudaStream stream) {
  if (a.batch * a.rows == 0) return;
  WithElementType(a.type, [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    constexpr int kWidth = 16 / sizeof(T);
    const auto aligned = [](const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; };
    const bool wide = a.channels % kWidth == 0 && a.modulation_stride % kWidth == 0 &&
                      aligned(a.x) && aligned(a.gate) && aligned(a.y) && aligned(a.shift) &&
                      aligned(a.scale) && aligned(a.residual) && aligned(a.normalized);
    wide ? LaunchRows<T, kWidth>(a, stream) : LaunchRows<T, 1>(a, stream);
  });
  CheckLaunch("LayerNormModulate");
}

}  // namespace hanga::kernels
