// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "worker/residency/file_upload.h"

namespace hanga {
namespace {

constexpr uint64_t kChunkBytes = uint64_t{8} << 20;
constexpr int kBuffersOfReader = 2;  // one is filled while the other is copied
constexpr int kMostReaders = 16;
// Chunks whose pages are asked for before they are read: what a disk needs to stay busy.
constexpr size_t kChunksAhead = 32;

struct Chunk {
  const std::byte* from;
  std::byte* to;
  uint64_t bytes;
  std::shared_ptr<const void> owner;  // of the mapping
};

void Advise(const Chunk& chunk, int advice) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = reinterpret_cast<uintptr_t>(chunk.from) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(chunk.from) + chunk.bytes;
  madvise(reinterpret_cast<void*>(begin), end - begin, advice);  // refused: it is only slower
}

class CudaFileUpload final : public FileUpload {
 public:
  CudaFileUpload(at::Device device, std::unique_ptr<HostMemory> staging, int readers)
      : device_(device), staging_(std::move(staging)), readers_(readers) {}

  void Add(const TensorPiece& piece, std::byte* to) override {
    for (uint64_t done = 0; done < piece.bytes.size();) {
      const uint64_t bytes = std::min<uint64_t>(piece.bytes.size() - done, kChunkBytes);
      chunks_.push_back({piece.bytes.data() + done, to + done, bytes, piece.owner});
      done += bytes;
    }
  }

  void Finish() override {
    if (chunks_.empty()) return;
    // The memory may have been freed by kernels that are still queued.
    c10::cuda::getCurrentCUDAStream(device_.index()).synchronize();
    next_ = 0;
    std::vector<std::thread> threads;
    for (int reader = 0; reader < readers_; ++reader) {
      threads.emplace_back([this, reader] { ReadGuarded(reader); });
    }
    for (std::thread& thread : threads) thread.join();
    chunks_.clear();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  void ReadGuarded(int reader) {
    try {
      Read(staging_->data() + reader * kBuffersOfReader * kChunkBytes);
    } catch (...) {
      const std::lock_guard lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void Read(std::byte* buffers) {
    const c10::cuda::CUDAGuard guard(device_);
    const auto stream = c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_.index());
    cudaEvent_t emptied[kBuffersOfReader];
    for (cudaEvent_t& event : emptied) {
      C10_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    }
    for (size_t turn = 0;; ++turn) {
      const size_t i = next_++;
      if (i >= chunks_.size()) break;
      if (i + kChunksAhead < chunks_.size()) Advise(chunks_[i + kChunksAhead], MADV_WILLNEED);
      const Chunk& chunk = chunks_[i];
      std::byte* buffer = buffers + turn % kBuffersOfReader * kChunkBytes;
      cudaEvent_t& free = emptied[turn % kBuffersOfReader];
      C10_CUDA_CHECK(cudaEventSynchronize(free));
#ifdef MADV_POPULATE_READ
      Advise(chunk, MADV_POPULATE_READ);  // all pages at once, not one fault each
#endif
      std::memcpy(buffer, chunk.from, chunk.bytes);
      C10_CUDA_CHECK(
          cudaMemcpyAsync(chunk.to, buffer, chunk.bytes, cudaMemcpyHostToDevice, stream.stream()));
      C10_CUDA_CHECK(cudaEventRecord(free, stream.stream()));
    }
    stream.synchronize();
    for (cudaEvent_t event : emptied) cudaEventDestroy(event);
  }

  const at::Device device_;
  const std::unique_ptr<HostMemory> staging_;
  const int readers_;
  std::vector<Chunk> chunks_;
  std::atomic<size_t> next_ = 0;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
};

}  // namespace

std::unique_ptr<FileUpload> FileUpload::Make(at::Device device, HostBudget* host) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const int readers = std::clamp(cores, 1, kMostReaders);
  auto staging = host->AllocatePinned(readers * kBuffersOfReader * kChunkBytes);
  if (staging == nullptr) return nullptr;
  return std::make_unique<CudaFileUpload>(device, std::move(staging), readers);
}

}  // namespace hanga
