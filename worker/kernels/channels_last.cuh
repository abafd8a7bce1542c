// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How kernels walk over pictures whose channels lie side by side, [batch, pixels, channels]. A
// thread keeps its channels, one pack of kWidth, so that what belongs to a channel stays in
// registers; a block takes tiles of consecutive pixels, every gridDim.x-th one.
#pragma once

#include <algorithm>

#include "worker/kernels/cuda_vector.cuh"

namespace hanga::kernels {

constexpr int64_t kPictureBlocks = 1056;  // a picture: eight for each multiprocessor of an H100
constexpr int kDepth = 4;                 // pixels of a tile that one thread has under way

// Launch bounds: wide packs make blocks of at most 256 threads, four of which share a processor.
constexpr int PictureThreads(int width) { return width >= 4 ? 256 : 1024; }
constexpr int PictureResidents(int width) { return width >= 4 ? 4 : 1; }

struct PictureGrid {
  PictureGrid(int64_t batch, int64_t pixels, int64_t channels, int width) {
    const int64_t packs = channels / width;
    if (packs > 1024) {
      throw std::runtime_error("a picture has too many channels: " + std::to_string(channels));
    }
    const int64_t rows = std::max<int64_t>(1, 256 / packs);
    const int64_t tiles = (pixels + kDepth * rows - 1) / (kDepth * rows);
    threads = static_cast<unsigned>(packs * rows);
    blocks = dim3(static_cast<unsigned>(std::min(kPictureBlocks, (tiles + 1) / 2)),
                  static_cast<unsigned>(batch));
  }

  unsigned threads;
  dim3 blocks;
};

template <typename T, int kWidth>
struct PictureWalk {
  int packs, rows;  // packs of a pixel; pixels side by side in a block
  int pack, lane;   // this thread's
  int64_t pixels, tiles, picture;

  __device__ PictureWalk(int64_t pixels, int64_t channels)
      : packs(static_cast<int>(channels) / kWidth),
        rows(blockDim.x / packs),
        pack(threadIdx.x % packs),
        lane(threadIdx.x / packs),
        pixels(pixels),
        tiles((pixels + kDepth * rows - 1) / (kDepth * rows)),
        picture(blockIdx.y * pixels * channels) {}

  __device__ int channel() const { return pack * kWidth; }
  __device__ int64_t Pixel(int64_t tile, int depth) const {
    return (tile * kDepth + depth) * rows + lane;
  }
  // Of this thread's pack, from the start of all pictures.
  __device__ int64_t Offset(int64_t pixel) const {
    return picture + (pixel * packs + pack) * kWidth;
  }

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
