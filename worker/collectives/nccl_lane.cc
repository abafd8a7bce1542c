// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/nccl_lane.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga {
namespace {

constexpr absl::Duration kConnecting = absl::Minutes(1);
// Of the device's multiprocessors: a transfer runs beside what is computed, and enough for a state.
constexpr int kMostBlocks = 8;
constexpr absl::Duration kPoll = absl::Microseconds(200);

absl::Status Failed(const char* what, ncclResult_t result) {
  return absl::UnavailableError(absl::StrCat(what, ": ", ncclGetErrorString(result)));
}

}  // namespace

NcclLane::NcclLane(int device, int rank, int size)
    : device_(device),
      rank_(rank),
      size_(size),
      stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true,
                                           static_cast<c10::DeviceIndex>(device))) {}

NcclLane::~NcclLane() { Abort(); }

absl::Status NcclLane::Connect(const ncclUniqueId& id, const std::function<bool()>& broken) {
  broken_ = broken;
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;  // so that a rank that never comes is no wait for ever
  config.maxCTAs = kMostBlocks;
  ncclComm_t comm = nullptr;
  const ncclResult_t begun = ncclCommInitRankConfig(&comm, size_, id, rank_, &config);
  {
    const absl::MutexLock lock(&mutex_);
    comm_ = comm;
  }
  const absl::Status settled = Settle(begun, "NCCL cannot connect the ranks");
  return settled.ok() ? ConnectPairs() : settled;
}

// A pair's connection is made with its first transfer, in which the host waits for the other rank:
// two that sent to each other would wait for ever. So all are made now, by one byte each.
absl::Status NcclLane::ConnectPairs() {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  const c10::cuda::CUDAStreamGuard on_lane(stream_);
  const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(device_));
  const at::Tensor bytes =
      at::zeros({2, size_}, at::TensorOptions().dtype(at::kByte).device(device));
  const absl::Status queued = Queue([&](ncclComm_t comm, cudaStream_t stream) {
    auto* out = static_cast<char*>(bytes.data_ptr());
    ncclGroupStart();
    for (int peer = 0; peer < size_; ++peer) {
      ncclSend(out + peer, 1, ncclInt8, peer, comm, stream);
      ncclRecv(out + size_ + peer, 1, ncclInt8, peer, comm, stream);
    }
    return ncclGroupEnd();
  });
  if (!queued.ok()) return queued;
  at::cuda::CUDAEvent done;
  done.record(stream_);
  const absl::Time deadline = absl::Now() + kConnecting;
  while (!done.query()) {
    if (absl::Now() > deadline || broken_()) {
      return absl::UnavailableError("NCCL cannot connect the ranks");
    }
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

// Waits until NCCL has done on the host what it was asked to.
absl::Status NcclLane::Settle(ncclResult_t result, const char* what) {
  const absl::Time deadline = absl::Now() + kConnecting;
  while (result == ncclInProgress) {
    if (absl::Now() > deadline || broken_()) return absl::AbortedError(what);
    absl::SleepFor(kPoll);
    const absl::MutexLock lock(&mutex_);
    if (aborted_) return absl::AbortedError(what);
    if (const auto asked = ncclCommGetAsyncError(comm_, &result); asked != ncclSuccess) {
      return Failed(what, asked);
    }
  }
  return result == ncclSuccess ? absl::OkStatus() : Failed(what, result);
}

void NcclLane::Follow() {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  at::cuda::CUDAEvent before;
  before.record(c10::cuda::getCurrentCUDAStream());
  before.block(stream_);
}

absl::Status NcclLane::Queue(
    const std::function<ncclResult_t(ncclComm_t, cudaStream_t)>& transfer) {
  const absl::MutexLock queueing(&queueing_);
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  ncclResult_t queued;
  {
    const absl::MutexLock lock(&mutex_);
    if (aborted_) return absl::AbortedError("NCCL was aborted");
    queued = transfer(comm_, stream_.stream());
  }
  if (absl::Status settled = Settle(queued, "a transfer by NCCL"); !settled.ok()) return settled;
  const absl::MutexLock lock(&mutex_);
  Transfer& last = transfers_.emplace_back();
  last.queued = absl::Now();
  last.done.record(stream_);
  return absl::OkStatus();
}

void NcclLane::Join() {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  at::cuda::CUDAEvent after;
  after.record(stream_);
  after.block(c10::cuda::getCurrentCUDAStream());
}

absl::StatusOr<absl::Duration> NcclLane::Oldest() {
  const absl::MutexLock lock(&mutex_);
  if (aborted_ || comm_ == nullptr) return absl::ZeroDuration();
  ncclResult_t state = ncclSuccess;
  const ncclResult_t asked = ncclCommGetAsyncError(comm_, &state);
  if (asked != ncclSuccess) return Failed("NCCL", asked);
  if (state != ncclSuccess && state != ncclInProgress) return Failed("NCCL", state);
  while (!transfers_.empty() && transfers_.front().done.query()) transfers_.pop_front();
  return transfers_.empty() ? absl::ZeroDuration() : absl::Now() - transfers_.front().queued;
}

void NcclLane::Abort() {
  const absl::MutexLock lock(&mutex_);
  if (std::exchange(aborted_, true) || comm_ == nullptr) return;
  ncclCommAbort(comm_);
  transfers_.clear();
}

}  // namespace hanga
