// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/collectives/nccl_lane.h"

#include <c10/cuda/CUDAGuard.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace hanga {
namespace {

constexpr absl::Duration kConnecting = absl::Minutes(1);
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
  ncclComm_t comm = nullptr;
  const ncclResult_t begun = ncclCommInitRankConfig(&comm, size_, id, rank_, &config);
  {
    const absl::MutexLock lock(&mutex_);
    comm_ = comm;
  }
  return Settle(begun, "NCCL cannot connect the ranks");
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

absl::Status NcclLane::Queue(
    const std::function<ncclResult_t(ncclComm_t, cudaStream_t)>& transfer) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device_));
  at::cuda::CUDAEvent before;
  before.record(c10::cuda::getCurrentCUDAStream());
  before.block(stream_);
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
