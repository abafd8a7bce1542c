// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/channel_bias_cuda.h"
#include "worker/kernels/channels_last.cuh"

namespace hanga::kernels {
namespace {

template <typename T, int kWidth, bool kResidual>
__global__ void __launch_bounds__(PictureThreads(kWidth)) AddKernel(ChannelBiasArguments a) {
  const PictureWalk<T, kWidth> walk(a.pixels, a.channels);
  float bias[kWidth];
  LoadFloats(static_cast<const T*>(a.bias) + walk.channel(), bias);
  for (int64_t tile = blockIdx.x; tile < walk.tiles; tile += gridDim.x) {
    Pack<T, kWidth> x[kDepth], y[kDepth];
    walk.Load(a.x, tile, x);
    if (kResidual) walk.Load(a.residual, tile, y);
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      const int64_t pixel = walk.Pixel(tile, d);
      if (pixel >= a.pixels) continue;
      float v[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        v[i] = ToFloat(x[d].at[i]) + bias[i];
        if (kResidual) v[i] += ToFloat(y[d].at[i]);
      }
      StoreFloats(static_cast<T*>(a.x) + walk.Offset(pixel), v);
    }
  }
}

template <typename T, int kWidth>
void Launch(const ChannelBiasArguments& a, CudaStream stream) {
  const PictureGrid grid(a.batch, a.pixels, a.channels, /*groups=*/a.channels, kWidth);
  const auto kernel =
      a.residual != nullptr ? AddKernel<T, kWidth, true> : AddKernel<T, kWidth, false>;
  kernel<<<grid.blocks, grid.threads, 0, stream>>>(a);
}

}  // namespace

bool AddChannelBiasTakes(ElementType type, int64_t channels) {
  const int widest = type == ElementType::kFloat32 ? 4 : 8;
  return PictureShares(channels, channels, channels % widest == 0 ? widest : 1) > 0;
}

void AddChannelBiasCuda(const ChannelBiasArguments& a, CudaStream stream) {
  if (a.batch * a.pixels * a.channels == 0) return;
  WithElementType(a.type, [&](auto* element) {
    using T = std::remove_pointer_t<decltype(element)>;
    constexpr int kWidest = 16 / sizeof(T);
    a.channels % kWidest == 0 ? Launch<T, kWidest>(a, stream) : Launch<T, 1>(a, stream);
  });
  CheckLaunch("AddChannelBias");
}

}  // namespace hanga::kernels
