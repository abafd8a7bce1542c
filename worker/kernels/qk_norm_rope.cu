// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/cuda_vector.cuh"
#include "worker/kernels/qk_norm_rope_cuda.h"

namespace hanga::kernels {
namespace {

constexpr int kWarps = 8;  // a block

// Groups of kLanes lanes turn one head of one row, q and k: each lane holds kWidth neighbouring
// channels, so that the pairs (2i, 2i + 1) which the rotation mixes lie in one lane.
template <typename T, int kWidth, int kLanes>
__global__ void HeadKernel(QkNormRopeArguments a) {
  constexpr int kHeads = 32 * kWarps / kLanes;  // a block
  const int64_t index = int64_t{blockIdx.x} * kHeads + threadIdx.x / kLanes;
  const bool active = index < a.batch * a.rows * a.heads;  // idle lanes still take part in the sums
  const int64_t head = index % a.heads;
  const int64_t row = index / a.heads % a.rows;
  const int64_t batch = index / a.heads / a.rows;
  const int c = threadIdx.x % kLanes * kWidth;
  const bool inside = active && c < a.head_dim;

  T* q =
      static_cast<T*>(a.qkv) + batch * a.batch_stride + row * a.row_stride + head * a.head_dim + c;
  T* k = q + a.heads * a.head_dim;
  float turn[kWidth] = {};  // cosine and sine of each pair
  float x[2][kWidth] = {}, scale[2][kWidth] = {};
  if (inside) {
    LoadFloats(q, x[0]);
    LoadFloats(k, x[1]);
    LoadFloats(a.rope + row * a.head_dim + c, turn);
    LoadFloats(static_cast<const T*>(a.q_scale) + c, scale[0]);
    LoadFloats(static_cast<const T*>(a.k_scale) + c, scale[1]);
  }
#pragma unroll
  for (int which = 0; which < 2; ++which) {
    float squares = 0;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) squares += x[which][i] * x[which][i];
#pragma unroll
    for (int offset = kLanes / 2; offset > 0; offset /= 2) {
      squares += __shfl_xor_sync(0xffffffffu, squares, offset);
    }
    const float inverse = rsqrtf(squares / a.head_dim + a.epsilon);
    float y[kWidth];
#pragma unroll
    for (int i = 0; i < kWidth; i += 2) {
      const float even = x[which][i] * inverse * scale[which][i];
      const float odd = x[which][i + 1] * inverse * scale[which][i + 1];
      y[i] = turn[i] * even - turn[i + 1] * odd;
      y[i + 1] = turn[i + 1] * even + turn[i] * odd;
    }
    if (inside) StoreFloats(which == 0 ? q : k, y);
  }
}

// Calls f with the width and lanes for a head: wide accesses first. False if there are none.
template <typename F>
bool WithShape(int64_t head_dim, int64_t batch_stride, int64_t row_stride, F&& f) {
  const auto aligned = [&](int64_t width) {
    return head_dim % width == 0 && batch_stride % width == 0 && row_stride % width == 0;
  };
  using std::integral_constant;
  if (aligned(8) && head_dim <= 64)
    return f(integral_constant<int, 8>(), integral_constant<int, 8>());
  if (aligned(8) && head_dim <= 128)
    return f(integral_constant<int, 8>(), integral_constant<int, 16>());
  if (aligned(8) && head_dim <= 256)
    return f(integral_constant<int, 8>(), integral_constant<int, 32>());
  if (aligned(2) && head_dim <= 64)
    return f(integral_constant<int, 2>(), integral_constant<int, 32>());
  return false;
}

}  // namespace

bool QkNormRopeTakes(int64_t head_dim, int64_t batch_stride, int64_t row_stride) {
  return WithShape(head_dim, batch_stride, row_stride, [](auto, auto) { return true; });
}

void QkNormRopeInPlaceCuda(const QkNormRopeArguments& a, CudaStream stream) {
  const int64_t heads = a.batch * a.rows * a.heads;
  if (heads == 0) return;
  WithElementType(a.type, [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    const bool taken =
        WithShape(a.head_dim, a.batch_stride, a.row_stride, [&](auto width, auto lanes) {
          constexpr int kHeads = 32 * kWarps / decltype(lanes)::value;
          const auto blocks = static_cast<unsigned>((heads + kHeads - 1) / kHeads);
          HeadKernel<T, decltype(width)::value, decltype(lanes)::value>
              <<<blocks, 32 * kWarps, 0, stream>>>(a);
          return true;
        });
    if (!taken) {
      throw std::runtime_error("QkNormRope: no kernel for heads of " + std::to_string(a.head_dim));
    }
  });
  CheckLaunch("QkNormRope");
}

}  // namespace hanga::kernels
