// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/fp8.cuh"
#include "worker/kernels/quantize_rows_cuda.h"

namespace hanga::kernels {
namespace {

constexpr int kWidth = 8;  // elements of an access

// One block a row, which stays in registers between its largest value and its rounding.
template <typename T, int kPacks>
__global__ void __launch_bounds__(1024) QuantizeKernel(QuantizeRowsArguments a) {
  __shared__ float scratch[32];
  const int64_t channels = a.left_channels + a.right_channels;
  const T* left = static_cast<const T*>(a.left) + blockIdx.y * a.left_batch_stride +
                  blockIdx.x * a.left_row_stride;
  const T* right = static_cast<const T*>(a.right) + blockIdx.y * a.right_batch_stride +
                   blockIdx.x * a.right_row_stride;
  const int64_t row = int64_t{blockIdx.y} * a.rows + blockIdx.x;
  const auto column = [](int p) {
    return (p * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)) * kWidth;
  };

  Pack<T, kWidth> packs[kPacks];
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    const int c = column(p);
    if (c >= channels) continue;
    packs[p] = *reinterpret_cast<const Pack<T, kWidth>*>(
        c < a.left_channels ? left + c : right + (c - a.left_channels));
  }
  float largest = 0;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if (column(p) >= channels) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) largest = fmaxf(largest, fabsf(ToFloat(packs[p].at[i])));
  }
  const float scale = RowScale(BlockMax(largest, scratch));
  if (threadIdx.x == 0) a.scales[row] = scale;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if (column(p) >= channels) continue;
    float values[kWidth];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = ToFloat(packs[p].at[i]);
    StoreFp8(static_cast<__nv_fp8_storage_t*>(a.values) + row * channels + column(p), values,
             1 / scale);
  }
}

bool Aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

}  // namespace

bool QuantizeRowsTakes(const QuantizeRowsArguments& a) {
  for (const int64_t part : {a.left_channels, a.left_batch_stride, a.left_row_stride,
                             a.right_channels, a.right_batch_stride, a.right_row_stride}) {
    if (part % kWidth != 0) return false;
  }
  return Aligned(a.left) && Aligned(a.right) && Aligned(a.values) && a.batch <= 65535 &&
         a.left_channels + a.right_channels <= int64_t{1024} * 8 * kWidth;
}

void QuantizeRowsCuda(const QuantizeRowsArguments& a, CudaStream stream) {
  if (a.batch * a.rows == 0) return;
  const int64_t packs = (a.left_channels + a.right_channels) / kWidth;
  const dim3 grid(static_cast<unsigned>(a.rows), static_cast<unsigned>(a.batch));
  WithElementType(a.type, [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    const auto launch = [&](auto kernel, int64_t kPacks) {
      const int64_t threads = ((packs + kPacks - 1) / kPacks + 31) / 32 * 32;
      kernel<<<grid, static_cast<unsigned>(threads), 0, stream>>>(a);
    };
    if (packs <= 3 * 1024) {
      launch(QuantizeKernel<T, 3>, 3);
    } else {
      launch(QuantizeKernel<T, 8>, 8);
    }
  });
  CheckLaunch("QuantizeRows");
}

}  // namespace hanga::kernels
