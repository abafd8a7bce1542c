// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "worker/kernels/cuda_vector.cuh"
#include "worker/kernels/group_norm_silu_cuda.h"

namespace hanga::kernels {
namespace {

constexpr int kThreads = 256;      // a block, about
constexpr int64_t kChunks = 1056;  // pieces of an image that are summed side by side

// Mean and sum of squares around it over `count` elements.
struct Moments {
  float count, mean, squares;
};

// The pairwise update of Chan, Golub and LeVeque (1979): no cancellation for large means.
__device__ Moments Merge(const Moments& a, const Moments& b) {
  const float count = a.count + b.count;
  if (count == 0) return a;
  const float delta = b.mean - a.mean, share = b.count / count;
  return {count, a.mean + delta * share, a.squares + b.squares + delta * delta * a.count * share};
}

int64_t ChunkPixels(int64_t pixels) { return (pixels + kChunks - 1) / kChunks; }
int64_t Chunks(int64_t pixels) { return (pixels + ChunkPixels(pixels) - 1) / ChunkPixels(pixels); }
size_t PartialBytes(int64_t batch, int64_t pixels, int64_t groups) {
  return (batch * groups * Chunks(pixels) * sizeof(Moments) + 15) / 16 * 16;
}

// Blocks of threads walk down the pixels with their channels fixed: thread t has channels
// [t % packs * kWidth, + kWidth) of every rows-th pixel from t / packs.
struct Walk {
  int pack, lane, rows;
  int64_t begin, end;

  __device__ Walk(int64_t channels, int width, int64_t pixels, int64_t chunk_pixels) {
    const int packs = static_cast<int>(channels) / width;
    rows = blockDim.x / packs;
    pack = threadIdx.x % packs;
    lane = threadIdx.x / packs;
    begin = blockIdx.x * chunk_pixels + lane;
    end = lane < rows ? min((blockIdx.x + int64_t{1}) * chunk_pixels, pixels) : 0;
  }
};

// Each block sums one chunk of pixels over all channels; the threads of one group are then merged
// in a fixed order. A pack lies within one group.
template <typename T, int kWidth>
__global__ void ChunkMoments(GroupNormSiluArguments a, int64_t chunk_pixels, Moments* partial) {
  extern __shared__ Moments shared[];  // [blockDim.x]
  const Walk walk(a.channels, kWidth, a.pixels, chunk_pixels);
  const T* x = static_cast<const T*>(a.x) + blockIdx.y * a.pixels * a.channels + walk.pack * kWidth;

  // Sums around the first value: as safe as a running mean, and cheaper.
  const float base = walk.begin < walk.end ? ToFloat(x[walk.begin * a.channels]) : 0.f;
  float sum = 0, squares = 0;
  int64_t pixel = walk.begin;
  const auto add = [&](const float(&v)[kWidth]) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float d = v[i] - base;
      sum += d;
      squares += d * d;
    }
  };
  for (; pixel + 3 * walk.rows < walk.end; pixel += 4 * walk.rows) {
    float v[4][kWidth];
#pragma unroll
    for (int u = 0; u < 4; ++u) LoadFloats(x + (pixel + u * walk.rows) * a.channels, v[u]);
#pragma unroll
    for (int u = 0; u < 4; ++u) add(v[u]);
  }
  for (; pixel < walk.end; pixel += walk.rows) {
    float v[kWidth];
    LoadFloats(x + pixel * a.channels, v);
    add(v);
  }
  const float count = walk.begin < walk.end
                          ? (walk.end - walk.begin + walk.rows - 1) / walk.rows * float{kWidth}
                          : 0.f;
  shared[threadIdx.x] =
      count > 0 ? Moments{count, base + sum / count, max(0.f, squares - sum * sum / count)}
                : Moments{0, 0, 0};
  __syncthreads();

  const int packs = static_cast<int>(a.channels) / kWidth;
  const int packs_per_group = packs / static_cast<int>(a.groups);
  for (int group = threadIdx.x; group < a.groups; group += blockDim.x) {
    Moments total{0, 0, 0};
    for (int r = 0; r < walk.rows; ++r) {
      for (int p = 0; p < packs_per_group; ++p) {
        total = Merge(total, shared[r * packs + group * packs_per_group + p]);
      }
    }
    partial[(blockIdx.y * a.groups + group) * gridDim.x + blockIdx.x] = total;
  }
}

// One warp a group: merges the chunks in a fixed tree. (mean, 1 / deviation) per group.
__global__ void MergeChunks(const Moments* partial, int64_t chunks, int64_t groups, float epsilon,
                            float2* statistics) {
  const int64_t group = int64_t{blockIdx.x} * (blockDim.x / 32) + threadIdx.x / 32;
  if (group >= groups) return;
  Moments total{0, 0, 0};
  for (int64_t chunk = threadIdx.x % 32; chunk < chunks; chunk += 32) {
    total = Merge(total, partial[group * chunks + chunk]);
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    total = Merge(total, {__shfl_down_sync(0xffffffffu, total.count, offset),
                          __shfl_down_sync(0xffffffffu, total.mean, offset),
                          __shfl_down_sync(0xffffffffu, total.squares, offset)});
  }
  if (threadIdx.x % 32 == 0) {
    statistics[group] = {total.mean, rsqrtf(total.squares / total.count + epsilon)};
  }
}

// The affine map of each of a thread's channels stays in registers.
template <typename T, int kWidth>
__global__ void Normalize(GroupNormSiluArguments a, int64_t chunk_pixels,
                          const float2* statistics) {
  const Walk walk(a.channels, kWidth, a.pixels, chunk_pixels);
  const int c = walk.pack * kWidth;
  const int group_width = static_cast<int>(a.channels / a.groups);
  float factor[kWidth], offset[kWidth];
  LoadFloats(static_cast<const T*>(a.weight) + c, factor);
  LoadFloats(static_cast<const T*>(a.bias) + c, offset);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const float2 s = statistics[blockIdx.y * a.groups + (c + i) / group_width];
    factor[i] *= s.y;
    offset[i] -= s.x * factor[i];
  }

  const int64_t image = blockIdx.y * a.pixels * a.channels + c;
  const T* x = static_cast<const T*>(a.x) + image;
  T* out = static_cast<T*>(a.out) + image;
  const auto map = [&](float(&v)[kWidth]) {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float y = v[i] * factor[i] + offset[i];
      v[i] = a.silu ? y / (1.f + __expf(-y)) : y;
    }
  };
  int64_t pixel = walk.begin;
  for (; pixel + 3 * walk.rows < walk.end; pixel += 4 * walk.rows) {
    float v[4][kWidth];
#pragma unroll
    for (int u = 0; u < 4; ++u) LoadFloats(x + (pixel + u * walk.rows) * a.channels, v[u]);
#pragma unroll
    for (int u = 0; u < 4; ++u) {
      map(v[u]);
      StoreFloats(out + (pixel + u * walk.rows) * a.channels, v[u]);
    }
  }
  for (; pixel < walk.end; pixel += walk.rows) {
    float v[kWidth];
    LoadFloats(x + pixel * a.channels, v);
    map(v);
    StoreFloats(out + pixel * a.channels, v);
  }
}

template <typename T, int kWidth>
void Launch(const GroupNormSiluArguments& a, CudaStream stream) {
  const int64_t packs = a.channels / kWidth;
  if (packs > 1024) {
    throw std::runtime_error("GroupNormSilu: too many channels: " + std::to_string(a.channels));
  }
  const int64_t chunks = Chunks(a.pixels), chunk_pixels = ChunkPixels(a.pixels);
  auto* partial = static_cast<Moments*>(a.workspace);
  auto* statistics = reinterpret_cast<float2*>(static_cast<char*>(a.workspace) +
                                               PartialBytes(a.batch, a.pixels, a.groups));
  const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>(a.batch));
  const auto threads = static_cast<unsigned>(packs * std::max<int64_t>(1, kThreads / packs));
  const int64_t groups = a.batch * a.groups;

  ChunkMoments<T, kWidth>
      <<<grid, threads, threads * sizeof(Moments), stream>>>(a, chunk_pixels, partial);
  MergeChunks<<<static_cast<unsigned>((groups + 7) / 8), 256, 0, stream>>>(partial, chunks, groups,
                                                                           a.epsilon, statistics);
  Normalize<T, kWidth><<<grid, threads, 0, stream>>>(a, chunk_pixels, statistics);
}

// The widest pack that lies within one group and whose accesses are aligned.
template <typename T>
void LaunchWidest(const GroupNormSiluArguments& a, CudaStream stream) {
  const int64_t group_width = a.channels / a.groups;
  if (group_width % 8 == 0) {
    Launch<T, 8>(a, stream);
  } else if (group_width % 4 == 0) {
    Launch<T, 4>(a, stream);
  } else if (group_width % 2 == 0) {
    Launch<T, 2>(a, stream);
  } else {
    Launch<T, 1>(a, stream);
  }
}

}  // namespace

size_t GroupNormSiluWorkspaceBytes(int64_t batch, int64_t pixels, int64_t groups) {
  return PartialBytes(batch, pixels, groups) + batch * groups * sizeof(float2);
}

void GroupNormSiluCuda(const GroupNormSiluArguments& a, CudaStream stream) {
  if (a.batch * a.pixels * a.channels == 0) return;
  WithElementType(a.type, [&](auto* element) {
    LaunchWidest<std::remove_pointer_t<decltype(element)>>(a, stream);
  });
  CheckLaunch("GroupNormSilu");
}

}  // namespace hanga::kernels
