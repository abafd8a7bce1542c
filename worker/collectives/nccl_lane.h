// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One NCCL communicator with the stream that its transfers are queued on.
#pragma once

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hanga {

// Thread-safe: one thread may send while another one receives, and a third one watches.
class NcclLane {
 public:
  NcclLane(int device, int rank, int size);
  ~NcclLane();  // aborts what is on its way

  // `broken` tells early that waiting is of no use.
  absl::Status Connect(const ncclUniqueId& id, const std::function<bool()>& broken);

  // What the lane does from now on waits for what the current stream has queued.
  void Follow();
  // Queues transfers on the lane's stream.
  absl::Status Queue(const std::function<ncclResult_t(ncclComm_t, cudaStream_t)>& transfer);
  // What the current stream does from now on waits for what was queued.
  void Join();
  c10::cuda::CUDAStream stream() const { return stream_; }

  // The watchdog: how long the oldest unfinished transfer has been on its way, or why NCCL has
  // failed.
  absl::StatusOr<absl::Duration> Oldest();
  void Abort();  // kernels that wait end, with garbage

 private:
  absl::Status ConnectPairs();
  absl::Status Settle(ncclResult_t result, const char* what);

  const int device_, rank_, size_;
  c10::cuda::CUDAStream stream_;
  std::function<bool()> broken_;

  absl::Mutex queueing_;  // NCCL takes one call at a time, and each until it has settled
  absl::Mutex mutex_;
  ncclComm_t comm_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool aborted_ ABSL_GUARDED_BY(mutex_) = false;
  struct Transfer {
    at::cuda::CUDAEvent done;
    absl::Time queued;
  };
  std::deque<Transfer> transfers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hanga
