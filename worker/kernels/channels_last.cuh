// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How kernels walk over pictures whose channels lie side by side, [batch, pixels, channels]. A
// thread keeps its channels, one pack of kWidth, so that what belongs to a channel stays in
// registers; a block takes tiles of consecutive pixels, every gridDim.x-th one. Where a pixel has
// more channels than a block has threads for, gridDim.z blocks share it.
#pragma once

#include <algorithm>

#include "worker/kernels/cuda_vector.cuh"

namespace hanga::kernels {

constexpr int64_t kPictureBlocks = 1056;  // a picture: eight for each multiprocessor of an H100
constexpr int kDepth = 4;                 // pixels of a tile that one thread has under way

// Launch bounds: wide packs make blocks of at most 256 threads, four of which share a processor.
constexpr int PictureThreads(int width) { return width >= 4 ? 256 : 1024; }
constexpr int PictureResidents(int width) { return width >= 4 ? 4 : 1; }

// Among how many blocks a pixel's channels are shared evenly, none of its groups cut; 0: they
// cannot be.
inline int64_t PictureShares(int64_t channels, int64_t groups, int width) {
  for (int64_t shares = 1; shares <= groups && shares <= 64; ++shares) {
    if (groups % shares != 0 || channels % (shares * width) != 0) continue;
    if (channels / (shares * width) <= PictureThreads(width)) return shares;
  }
  return 0;
}

struct PictureGrid {
  // There are shares for these channels and groups.
  PictureGrid(int64_t batch, int64_t pixels, int64_t channels, int64_t groups, int width) {
    const int64_t shares = PictureShares(channels, groups, width);
    const int64_t packs = channels / (shares * width);
    const int64_t rows = std::max<int64_t>(1, 256 / packs);
    const int64_t tiles = (pixels + kDepth * rows - 1) / (kDepth * rows);
    threads = static_cast<unsigned>(packs * rows);
    blocks = dim3(static_cast<unsigned>(std::min(kPictureBlocks, (tiles + 1) / 2)),
                  static_cast<unsigned>(batch), static_cast<unsigned>(shares));
  }

  unsigned threads;
  dim3 blocks;
};

template <typename T, int kWidth>
struct PictureWalk {
  int packs, rows;  // packs of a pixel in this block; pixels side by side in it
  int pack, lane;   // this thread's
  int first;        // channel of this block
  int64_t pixels, channels, tiles, picture;

  __device__ PictureWalk(int64_t pixels, int64_t channels)
      : packs(static_cast<int>(channels / gridDim.z) / kWidth),
        rows(blockDim.x / packs),
        pack(threadIdx.x % packs),
        lane(threadIdx.x / packs),
        first(static_cast<int>(blockIdx.z * (channels / gridDim.z))),
        pixels(pixels),
        channels(channels),
        tiles((pixels + kDepth * rows - 1) / (kDepth * rows)),
        picture(blockIdx.y * pixels * channels) {}

  __device__ int channel() const { return first + pack * kWidth; }
  __device__ int64_t Pixel(int64_t tile, int depth) const {
    return (tile * kDepth + depth) * rows + lane;
  }
  // Of this thread's pack, from the start of all pictures.
  __device__ int64_t Offset(int64_t pixel) const { return picture + pixel * channels + channel(); }

  __device__ Pack<T, kWidth> Load(const void* from, int64_t pixel) const {
    return *reinterpret_cast<const Pack<T, kWidth>*>(static_cast<const T*>(from) + Offset(pixel));
  }

  // What lies behind the last pixel is not loaded.
  __device__ void Load(const void* from, int64_t tile, Pack<T, kWidth> (&to)[kDepth]) const {
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      if (Pixel(tile, d) < pixels) to[d] = Load(from, Pixel(tile, d));
    }
  }
};

}  // namespace hanga::kernels
