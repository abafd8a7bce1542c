// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/fp8.cuh"
#include "worker/kernels/layer_norm_modulate_cuda.h"

namespace hanga::kernels {
namespace {

// One block a row, which stays in registers between its passes: each thread holds kPacks packs of
// kWidth elements, all of them under way before the first is used. Mean first, then the squares
// around it: exact where the mean is large. kEven: the packs come out even, none is checked. kFp8:
// the result in 8 bits, scaled by the row's largest.
template <typename T, int kWidth, int kPacks, bool kEven, bool kResidual, bool kFp8>
__global__ void __launch_bounds__(kPacks > 4 ? 1024 : 512) RowKernel(LayerNormModulateArguments a) {
  using Packs = Pack<T, kWidth>[kPacks];
  __shared__ float scratch[32];
  const int64_t row = (blockIdx.y * a.rows + blockIdx.x) * a.channels;
  const int64_t modulation = blockIdx.y * a.modulation_stride;
  const auto column = [](int p) {
    return (p * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)) * kWidth;
  };
  const auto load = [&](const void* from, int64_t offset, Packs& to) {
#pragma unroll
    for (int p = 0; p < kPacks; ++p) {
      if (!kEven && column(p) >= a.channels) continue;
      to[p] = *reinterpret_cast<const Pack<T, kWidth>*>(static_cast<const T*>(from) + offset +
                                                        column(p));
    }
  };

  Packs x, y, gate, shift, scale;
  load(a.x, row, x);
  if (kResidual) {
    load(a.y, row, y);
    load(a.gate, modulation, gate);
  }
  if (a.shift != nullptr) {
    load(a.shift, modulation, shift);
    load(a.scale, modulation, scale);
  }

  float values[kPacks][kWidth];
  float sum = 0;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if (!kEven && column(p) >= a.channels) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[p][i] = ToFloat(x[p].at[i]);
      if (kResidual) {
        // Rounded as it is stored, so that a norm made now and one made later of the row are equal.
        values[p][i] =
            ToFloat(FromFloat<T>(values[p][i] + ToFloat(gate[p].at[i]) * ToFloat(y[p].at[i])));
      }
      sum += values[p][i];
    }
    if (kResidual) StoreFloats(static_cast<T*>(a.residual) + row + column(p), values[p]);
  }
  if (a.normalized == nullptr) return;

  const float mean = BlockSum(sum, scratch) / a.channels;
  float squares = 0;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if (!kEven && column(p) >= a.channels) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[p][i] -= mean;
      squares += values[p][i] * values[p][i];
    }
  }
  const float inverse = rsqrtf(BlockSum(squares, scratch) / a.channels + a.epsilon);

  float largest = 0;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if (!kEven && column(p) >= a.channels) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[p][i] *= inverse;
      if (a.shift != nullptr) {
        values[p][i] = (1.f + ToFloat(scale[p].at[i])) * values[p][i] + ToFloat(shift[p].at[i]);
      }
      if (kFp8) largest = fmaxf(largest, fabsf(values[p][i]));
    }
    if (!kFp8) StoreFloats(static_cast<T*>(a.normalized) + row + column(p), values[p]);
  }
  if (!kFp8) return;

  const float row_scale = RowScale(BlockMax(largest, scratch));
  if (threadIdx.x == 0) a.scales[blockIdx.y * a.rows + blockIdx.x] = row_scale;
#pragma unroll
  for (int p = 0; p < kPacks; ++p) {
    if (!kEven && column(p) >= a.channels) continue;
    StoreFp8(static_cast<__nv_fp8_storage_t*>(a.normalized) + row + column(p), values[p],
             1 / row_scale);
  }
}

template <typename T, int kWidth, int kPacks>
void LaunchRows(const LayerNormModulateArguments& a, CudaStream stream) {
  const int64_t packs = (a.channels + kWidth - 1) / kWidth;
  const int64_t threads = ((packs + kPacks - 1) / kPacks + 31) / 32 * 32;
  const dim3 grid(static_cast<unsigned>(a.rows), static_cast<unsigned>(a.batch));
  const auto launch = [&](auto kernel) {
    kernel<<<grid, static_cast<unsigned>(threads), 0, stream>>>(a);
  };
  const bool residual = a.y != nullptr, fp8 = a.scales != nullptr;
  const auto choose = [&](auto even) {
    constexpr bool kEven = decltype(even)::value;
    if (fp8) {
      residual ? launch(RowKernel<T, kWidth, kPacks, kEven, true, true>)
               : launch(RowKernel<T, kWidth, kPacks, kEven, false, true>);
    } else {
      residual ? launch(RowKernel<T, kWidth, kPacks, kEven, true, false>)
               : launch(RowKernel<T, kWidth, kPacks, kEven, false, false>);
    }
  };
  if constexpr (kWidth > 1 && kPacks <= 4) {
    if (threads * kPacks == packs) return choose(std::true_type());
  }
  choose(std::false_type());
}

// Few warps a row, so that many rows are under way on a multiprocessor.
template <typename T, int kWidth>
void LaunchPacks(const LayerNormModulateArguments& a, CudaStream stream) {
  const int64_t packs = (a.channels + kWidth - 1) / kWidth;
  if (packs <= 256) {
    LaunchRows<T, kWidth, 1>(a, stream);
  } else if (packs <= 512) {
    LaunchRows<T, kWidth, 3>(a, stream);
  } else if (packs <= 2048) {
    LaunchRows<T, kWidth, 4>(a, stream);
  } else if (packs <= 16384) {
    LaunchRows<T, kWidth, 16>(a, stream);
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
    wide ? LaunchPacks<T, kWidth>(a, stream) : LaunchPacks<T, 1>(a, stream);
  });
  CheckLaunch("LayerNormModulate");
}

}  // namespace hanga::kernels
