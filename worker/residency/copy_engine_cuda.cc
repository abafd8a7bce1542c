// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <ATen/cuda/PeerToPeerAccess.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "worker/residency/copy_engine.h"

namespace hanga {
namespace {

constexpr size_t kStagingBuffers = 4;

class Event {
 public:
  Event() { C10_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void Record(cudaStream_t stream) { C10_CUDA_CHECK(cudaEventRecord(event_, stream)); }
  void Block(cudaStream_t stream) { C10_CUDA_CHECK(cudaStreamWaitEvent(stream, event_)); }

 private:
  cudaEvent_t event_ = nullptr;
};

// How long copies take on their stream: an event before and one after each, looked at when they
// have come to pass. Nothing waits.
class CopyTimes {
 public:
  ~CopyTimes() {
    for (const Copy& copy : under_way_) Destroy(copy);
    for (const Copy& copy : unused_) Destroy(copy);
  }

  void Begin(uint64_t bytes, cudaStream_t stream) {
    Collect();
    if (unused_.empty()) {
      Copy made;
      C10_CUDA_CHECK(cudaEventCreate(&made.begin));
      unused_.push_back(made);
      C10_CUDA_CHECK(cudaEventCreate(&unused_.back().end));
    }
    under_way_.push_back(unused_.back());
    unused_.pop_back();
    under_way_.back().bytes = bytes;
    C10_CUDA_CHECK(cudaEventRecord(under_way_.back().begin, stream));
  }
  void End(cudaStream_t stream) { C10_CUDA_CHECK(cudaEventRecord(under_way_.back().end, stream)); }

  CopyCounters counters() const { return counters_; }

 private:
  struct Copy {
    cudaEvent_t begin = nullptr, end = nullptr;
    uint64_t bytes = 0;
  };
  static void Destroy(const Copy& copy) {
    if (copy.begin != nullptr) cudaEventDestroy(copy.begin);
    if (copy.end != nullptr) cudaEventDestroy(copy.end);
  }

  void Collect() {
    while (!under_way_.empty()) {
      const Copy& copy = under_way_.front();
      float milliseconds = 0;
      if (cudaEventElapsedTime(&milliseconds, copy.begin, copy.end) != cudaSuccess) {
        cudaGetLastError();  // not yet; a fault of the device is told by the next call
        return;
      }
      counters_.bytes += copy.bytes;
      counters_.busy_seconds += milliseconds / 1e3;
      unused_.push_back(copy);
      under_way_.pop_front();
    }
  }

  CopyCounters counters_;
  std::deque<Copy> under_way_;  // in their order
  std::vector<Copy> unused_;
};

// One chunk of a pageable slab on its way through a staging buffer. Run by the driver's thread,
// which may not call CUDA.
struct StagedChunk {
  const std::byte* from;
  std::byte* buffer;
  uint64_t offset, bytes;
  const StagedChunk* ahead = nullptr;  // to be read from its file meanwhile

  static void CUDART_CB Stage(void* self) {
    const auto& chunk = *static_cast<const StagedChunk*>(self);
    if (chunk.ahead != nullptr) ReadAhead(chunk.ahead->from, chunk.ahead->bytes);
    std::memcpy(chunk.buffer, chunk.from, chunk.bytes);
  }
  static void ReadAhead(const std::byte* from, uint64_t bytes) {
    static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = reinterpret_cast<uintptr_t>(from) / page * page;
    const uintptr_t end = reinterpret_cast<uintptr_t>(from) + bytes;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_WILLNEED);
  }
};

class CudaCopyEngine final : public CopyEngine {
 public:
  CudaCopyEngine(at::Device device, size_t targets, size_t donors,
                 std::unique_ptr<HostMemory> staging)
      : guard_device_(device),
        stages_(NewStream(device)),
        staging_(std::move(staging)),
        brought_(targets),
        used_(targets),
        times_(donors + 1) {
    for (size_t source = 0; source <= donors; ++source) copies_.push_back(NewStream(device));
    // New memory may have been freed by kernels that are still queued.
    for (size_t i = 0; i < targets; ++i) Used(i);
  }

  ~CudaCopyEngine() override {
    for (const c10::cuda::CUDAStream& copies : copies_) cudaStreamSynchronize(copies.stream());
    cudaStreamSynchronize(stages_.stream());
  }

  void Bring(size_t target, const at::Tensor& to, const KeptSlab& from) override {
    const c10::cuda::CUDAGuard guard(guard_device_);
    auto* slab = static_cast<std::byte*>(to.mutable_data_ptr());
    const cudaStream_t copies = copies_[from.source].stream();
    used_[target].Block(copies);
    times_[from.source].Begin(from.bytes(), copies);
    if (from.lent.defined()) {
      BringLent(slab, from, copies);
    } else if (from.pinned || staging_ == nullptr) {
      for (const KeptSlab::Piece& piece : from.pieces) {
        Copy(slab + piece.offset, piece.from, piece.bytes);
      }
    } else {
      for (StagedChunk& chunk : ChunksOf(from)) BringStaged(slab, chunk);
    }
    times_[from.source].End(copies);
    brought_[target].Record(copies);
  }

  void AwaitOnDevice(size_t target) override { brought_[target].Block(Compute()); }
  void Used(size_t target) override { used_[target].Record(Compute()); }

  void Finish() override {
    for (const c10::cuda::CUDAStream& copies : copies_) {
      C10_CUDA_CHECK(cudaStreamSynchronize(copies.stream()));
    }
    C10_CUDA_CHECK(cudaStreamSynchronize(stages_.stream()));
    C10_CUDA_CHECK(cudaStreamSynchronize(Compute()));
    chunks_.clear();  // slabs may go
  }

  CopyCounters counters(bool from_donors) const override {
    CopyCounters sum = from_donors ? CopyCounters() : times_.front().counters();
    for (size_t donor = 1; from_donors && donor < times_.size(); ++donor) {
      sum += times_[donor].counters();
    }
    return sum;
  }

 private:
  cudaStream_t Compute() const {
    return c10::cuda::getCurrentCUDAStream(guard_device_.index()).stream();
  }

  static c10::cuda::CUDAStream NewStream(at::Device device) {
    return c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index());
  }
  cudaStream_t HostCopies() const { return copies_.front().stream(); }

  void Copy(std::byte* to, const std::byte* from, uint64_t bytes) {
    C10_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, HostCopies()));
  }

  void BringLent(std::byte* slab, const KeptSlab& from, cudaStream_t copies) {
    const int donor = from.lent.device().index(), here = guard_device_.index();
    if (donor != here) {  // enables it, the first time
      at::cuda::get_p2p_access(guard_device_.index(), from.lent.device().index());
    }
    for (const KeptSlab::Piece& piece : from.pieces) {
      C10_CUDA_CHECK(
          cudaMemcpyPeerAsync(slab + piece.offset, here, piece.from, donor, piece.bytes, copies));
    }
  }

  void BringStaged(std::byte* slab, StagedChunk& chunk) {
    const size_t buffer = (chunk.buffer - staging_->data()) / BufferBytes();
    emptied_[buffer].Block(stages_.stream());
    C10_CUDA_CHECK(cudaLaunchHostFunc(stages_.stream(), StagedChunk::Stage, &chunk));
    filled_[buffer].Record(stages_.stream());
    filled_[buffer].Block(HostCopies());
    Copy(slab + chunk.offset, chunk.buffer, chunk.bytes);
    emptied_[buffer].Record(HostCopies());
  }

  uint64_t BufferBytes() const { return staging_->bytes() / kStagingBuffers; }

  // A slab is cut once, the first time that it is brought.
  std::vector<StagedChunk>& ChunksOf(const KeptSlab& slab) {
    std::vector<StagedChunk>& chunks = chunks_[&slab];
    if (!chunks.empty()) return chunks;
    for (const KeptSlab::Piece& piece : slab.pieces) {
      for (uint64_t done = 0; done < piece.bytes;) {
        const uint64_t bytes = std::min(piece.bytes - done, BufferBytes());
        std::byte* buffer = staging_->data() + chunks.size() % kStagingBuffers * BufferBytes();
        chunks.push_back({piece.from + done, buffer, piece.offset + done, bytes});
        done += bytes;
      }
    }
    if (slab.memory == nullptr) {
      for (size_t i = 0; i + kStagingBuffers < chunks.size(); ++i) {
        chunks[i].ahead = &chunks[i + kStagingBuffers];
      }
    }
    return chunks;
  }

  const at::Device guard_device_;
  std::vector<c10::cuda::CUDAStream> copies_;  // by source
  const c10::cuda::CUDAStream stages_;
  const std::unique_ptr<HostMemory> staging_;
  std::vector<Event> brought_, used_;  // by target
  Event filled_[kStagingBuffers], emptied_[kStagingBuffers];
  std::map<const KeptSlab*, std::vector<StagedChunk>> chunks_;
  std::vector<CopyTimes> times_;  // by source
};

}  // namespace

std::unique_ptr<CopyEngine> MakeCopyEngine(at::Device device, size_t targets, size_t donors,
                                           std::unique_ptr<HostMemory> staging) {
  if (!device.is_cuda()) return MakeHostCopyEngine();
  return std::make_unique<CudaCopyEngine>(device, targets, donors, std::move(staging));
}

std::byte* LockedMemory(uint64_t bytes) {
  void* data = nullptr;
  if (cudaHostAlloc(&data, bytes, cudaHostAllocPortable) == cudaSuccess) {
    return static_cast<std::byte*>(data);
  }
  cudaGetLastError();  // it is no fault of the device
  return nullptr;
}

void FreeLockedMemory(std::byte* data) { cudaFreeHost(data); }

}  // namespace hanga
