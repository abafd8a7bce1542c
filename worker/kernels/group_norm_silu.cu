// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/channels_last.cuh"
#include "worker/kernels/group_norm_silu_cuda.h"

namespace hanga::kernels {
namespace {

constexpr int kMergeThreads = 128;

// Mean and sum of squares around it over `count` elements.
struct Moments {
  float count, mean, squares;
};

// The pairwise update of Chan, Golub and LeVeque (1979): no cancellation for large means.
__device__ Moments Merge(const Moments& a, const Moments& b) {
  const float count = a.count + b.count;
  if (count == 0) return a;
  const float delta = b.mean - a.mean, share = __fdividef(b.count, count);
  return {count, a.mean + delta * share, a.squares + b.squares + delta * delta * a.count * share};
}

size_t PartialBytes(int64_t batch, int64_t pixels, int64_t groups) {
  const int64_t blocks = std::min(kPictureBlocks, pixels);
  return (batch * groups * blocks * sizeof(Moments) + 15) / 16 * 16;
}

template <typename T, int kWidth>
__device__ void LoadOrZero(const void* from, int64_t channel, float (&to)[kWidth]) {
#pragma unroll
  for (int i = 0; i < kWidth; ++i) to[i] = 0;
  if (from != nullptr) LoadFloats(static_cast<const T*>(from) + channel, to);
}

// Moments of the block's tiles for each group, merged over its threads in a fixed order. A pack
// has moments for each of its kSpan parts; a part lies within one group.
template <typename T, int kWidth, int kSpan>
__global__ void __launch_bounds__(PictureThreads(kWidth), PictureResidents(kWidth))
    BlockMoments(GroupNormSiluArguments a, Moments* partial) {
  extern __shared__ Moments shared[];  // [rows][packs][kSpan]
  constexpr int kPart = kWidth / kSpan;
  const PictureWalk<T, kWidth> walk(a.pixels, a.channels);
  float bias[kWidth];
  LoadOrZero<T>(a.x_bias, blockIdx.y * a.x_bias_stride + walk.channel(), bias);

  // Sums around the first value: as safe as a running mean, and cheaper.
  float base[kSpan] = {}, shift[kWidth], sum[kSpan] = {}, squares[kSpan] = {};
  if (walk.Pixel(blockIdx.x, 0) < a.pixels) {
    const auto first = walk.Load(a.x, walk.Pixel(blockIdx.x, 0));
#pragma unroll
    for (int s = 0; s < kSpan; ++s) base[s] = ToFloat(first.at[s * kPart]) + bias[s * kPart];
  }
#pragma unroll
  for (int i = 0; i < kWidth; ++i) shift[i] = bias[i] - base[i / kPart];

  int64_t count = 0;
  const auto add = [&](const Pack<T, kWidth>& x) {
    count += kPart;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float difference = ToFloat(x.at[i]) + shift[i];
      sum[i / kPart] += difference;
      squares[i / kPart] += difference * difference;
    }
  };
  for (int64_t tile = blockIdx.x; tile < walk.tiles; tile += gridDim.x) {
    Pack<T, kWidth> x[kDepth];
    walk.Load(a.x, tile, x);
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      if (walk.Pixel(tile, d) < a.pixels) add(x[d]);
    }
  }
  Moments* mine = shared + threadIdx.x * kSpan;
  const float n = static_cast<float>(count);
#pragma unroll
  for (int s = 0; s < kSpan; ++s) {
    mine[s] = count > 0
                  ? Moments{n, base[s] + sum[s] / n, max(0.f, squares[s] - sum[s] * sum[s] / n)}
                  : Moments{0, 0, 0};
  }
  __syncthreads();

  for (int live = walk.rows; live > 1;) {
    const int half = (live + 1) / 2;
    if (walk.lane < live - half) {
#pragma unroll
      for (int s = 0; s < kSpan; ++s) {
        mine[s] = Merge(mine[s], mine[half * walk.packs * kSpan + s]);
      }
    }
    live = half;
    __syncthreads();
  }
  const int groups = static_cast<int>(a.groups / gridDim.z);  // of this block
  const int parts = walk.packs * kSpan / groups;              // of a group
  for (int group = threadIdx.x; group < groups; group += blockDim.x) {
    Moments total = shared[group * parts];
    for (int p = 1; p < parts; ++p) total = Merge(total, shared[group * parts + p]);
    partial[(blockIdx.y * a.groups + blockIdx.z * groups + group) * gridDim.x + blockIdx.x] = total;
  }
}

__device__ Moments MergeWarp(Moments total) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    total = Merge(total, {__shfl_down_sync(0xffffffffu, total.count, offset),
                          __shfl_down_sync(0xffffffffu, total.mean, offset),
                          __shfl_down_sync(0xffffffffu, total.squares, offset)});
  }
  return total;
}

// One block a group: merges what the blocks found in a fixed tree. (mean, 1 / deviation) a group.
__global__ void MergeBlocks(const Moments* partial, int64_t blocks, float epsilon,
                            float2* statistics) {
  __shared__ Moments warps[kMergeThreads / 32];
  const int64_t group = blockIdx.x;
  Moments total{0, 0, 0};
  for (int64_t block = threadIdx.x; block < blocks; block += kMergeThreads) {
    total = Merge(total, partial[group * blocks + block]);
  }
  total = MergeWarp(total);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = total;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 1; w < kMergeThreads / 32; ++w) total = Merge(total, warps[w]);
  statistics[group] = {total.mean, rsqrtf(total.squares / total.count + epsilon)};
}

// From the last tile to the first: what the sums read last is still in the cache. The affine map of
// each of a thread's channels stays in registers.
template <typename T, int kWidth, bool kSilu>
__global__ void __launch_bounds__(PictureThreads(kWidth), PictureResidents(kWidth))
    Normalize(GroupNormSiluArguments a, const float2* statistics) {
  const PictureWalk<T, kWidth> walk(a.pixels, a.channels);
  const int c = walk.channel();
  const int group_width = static_cast<int>(a.channels / a.groups);
  float factor[kWidth], offset[kWidth], bias[kWidth];
  LoadFloats(static_cast<const T*>(a.weight) + c, factor);
  LoadFloats(static_cast<const T*>(a.bias) + c, offset);
  LoadOrZero<T>(a.x_bias, blockIdx.y * a.x_bias_stride + c, bias);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const float2 s = statistics[blockIdx.y * a.groups + (c + i) / group_width];
    factor[i] *= s.y;
    offset[i] += (bias[i] - s.x) * factor[i];
  }

  for (int64_t tile = walk.tiles - 1 - blockIdx.x; tile >= 0; tile -= gridDim.x) {
    Pack<T, kWidth> x[kDepth];
    walk.Load(a.x, tile, x);
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      const int64_t pixel = walk.Pixel(tile, d);
      if (pixel >= a.pixels) continue;
      float v[kWidth];
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        v[i] = ToFloat(x[d].at[i]) * factor[i] + offset[i];
        if (kSilu) v[i] = __fdividef(v[i], 1.f + __expf(-v[i]));
      }
      StoreFloats(static_cast<T*>(a.out) + walk.Offset(pixel), v);
    }
  }
}

template <typename T, int kWidth, int kSpan>
void Launch(const GroupNormSiluArguments& a, CudaStream stream) {
  const PictureGrid grid(a.batch, a.pixels, a.channels, a.groups, kWidth);
  auto* partial = static_cast<Moments*>(a.workspace);
  auto* statistics = reinterpret_cast<float2*>(static_cast<char*>(a.workspace) +
                                               PartialBytes(a.batch, a.pixels, a.groups));
  BlockMoments<T, kWidth, kSpan>
      <<<grid.blocks, grid.threads, grid.threads * kSpan * sizeof(Moments), stream>>>(a, partial);
  MergeBlocks<<<static_cast<unsigned>(a.batch * a.groups), kMergeThreads, 0, stream>>>(
      partial, grid.blocks.x, a.epsilon, statistics);
  const auto normalize = a.silu ? Normalize<T, kWidth, true> : Normalize<T, kWidth, false>;
  normalize<<<grid.blocks, grid.threads, 0, stream>>>(a, statistics);
}

// The widest pack whose accesses are aligned, with moments of their own for the smallest parts that
// never cross a group: elements a pack and parts a pack; none where no block takes the channels.
struct Parts {
  int width, span;
};
Parts PartsOf(ElementType type, int64_t channels, int64_t groups) {
  const int widest = type == ElementType::kFloat32 ? 4 : 8;
  const int64_t group_width = channels / groups;
  if (PictureShares(channels, groups, widest) > 0) {
    if (group_width % widest == 0) return {widest, 1};
    if (group_width % (widest / 2) == 0) return {widest, 2};
    if (group_width % 2 == 0) return {widest, widest / 2};
  }
  return {PictureShares(channels, groups, 1) > 0 ? 1 : 0, 1};
}

template <typename T>
void LaunchParts(const GroupNormSiluArguments& a, CudaStream stream) {
  constexpr int kWidest = 16 / sizeof(T);
  const Parts parts = PartsOf(a.type, a.channels, a.groups);
  if (parts.width == kWidest && parts.span == 1) {
    Launch<T, kWidest, 1>(a, stream);
  } else if (parts.width == kWidest && parts.span == 2) {
    Launch<T, kWidest, 2>(a, stream);
  } else if (parts.width == kWidest) {
    Launch<T, kWidest, kWidest / 2>(a, stream);
  } else {
    Launch<T, 1, 1>(a, stream);
  }
}

}  // namespace

size_t GroupNormSiluWorkspaceBytes(int64_t batch, int64_t pixels, int64_t groups) {
  return PartialBytes(batch, pixels, groups) + batch * groups * sizeof(float2);
}

bool GroupNormSiluTakes(ElementType type, int64_t channels, int64_t groups) {
  return PartsOf(type, channels, groups).width > 0;
}

void GroupNormSiluCuda(const GroupNormSiluArguments& a, CudaStream stream) {
  if (a.batch * a.pixels * a.channels == 0) return;
  WithElementType(a.type, [&](auto* element) {
    LaunchParts<std::remove_pointer_t<decltype(element)>>(a, stream);
  });
  CheckLaunch("GroupNormSilu");
}

}  // namespace hanga::kernels
