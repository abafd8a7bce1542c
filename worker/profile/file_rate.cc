// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/file_rate.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <vector>

namespace hanga {
namespace {

constexpr uint64_t kChunkBytes = uint64_t{16} << 20;
constexpr uint64_t kLeastBytes = 4 * kChunkBytes;
constexpr uint64_t kSmallBytes = uint64_t{1}
                                 << 20;  // of pieces that tell more of calls than of bytes
constexpr size_t kMostChunks = 32;
constexpr size_t kChunksAhead = 4;
constexpr double kMostSeconds = 0.3;

struct Chunk {
  const std::byte* from;
  uint64_t bytes;
};

void AskFor(const Chunk& chunk) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(chunk.from) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(chunk.from) + chunk.bytes;
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_WILLNEED);  // refused: only slower
}

// Anywhere in the weights, other places each time: the last sample's are in the page cache by now.
std::vector<Chunk> SampleOf(const std::vector<Chunk>& chunks) {
  std::vector<Chunk> sample;
  std::mt19937 random{std::random_device{}()};
  std::sample(chunks.begin(), chunks.end(), std::back_inserter(sample), kMostChunks, random);
  return sample;
}

}  // namespace

double MeasureFileRate(const TensorSource& source) {
  std::vector<Chunk> chunks;
  uint64_t all = 0;
  for (const auto& [key, tensor] : source.tensors()) {
    for (const TensorPiece& piece : tensor.pieces) {
      if (piece.bytes.size() < kSmallBytes) continue;
      all += piece.bytes.size();
      for (uint64_t done = 0; done < piece.bytes.size(); done += kChunkBytes) {
        chunks.push_back({piece.bytes.data() + done,
                          std::min<uint64_t>(kChunkBytes, piece.bytes.size() - done)});
      }
    }
  }
  if (all < kLeastBytes) return 0;
  const std::vector<Chunk> sample = SampleOf(chunks);
  std::vector<std::byte> buffer(kChunkBytes, std::byte{1});  // touched: its own pages do not count
  const auto start = std::chrono::steady_clock::now();
  double bytes = 0, seconds = 0;
  for (size_t i = 0; i < sample.size() && seconds < kMostSeconds; ++i) {
    if (i == 0) {
      for (size_t j = 0; j < std::min(kChunksAhead, sample.size()); ++j) AskFor(sample[j]);
    }
    if (i + kChunksAhead < sample.size()) AskFor(sample[i + kChunksAhead]);
    std::memcpy(buffer.data(), sample[i].from, sample[i].bytes);
    bytes += static_cast<double>(sample[i].bytes);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return seconds > 0 ? bytes / seconds : 0;
}

}  // namespace hanga
