// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What leaves a GPU once it has been computed. A transfer of NCCL that is queued before its data is
// there would hold multiprocessors of the receiver while it waits, so a thread waits instead.
#pragma once

#include <ATen/cuda/CUDAEvent.h>

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace hanga {

// Thread-safe, but for the destructor.
class Departures {
 public:
  // `on_failed` is told, by the thread, what the device failed with, or the first `leave`; nothing
  // leaves after that.
  Departures(int device, std::function<void(const absl::Status&)> on_failed);
  ~Departures();  // what has not left stays

  // Calls `leave`, by the thread and in the order of the calls, when what the current stream has
  // queued is done.
  void Post(std::function<absl::Status()> leave);

 private:
  struct Departure {
    std::unique_ptr<at::cuda::CUDAEvent> computed;
    std::function<absl::Status()> leave;
  };

  void Run();

  const int device_;
  const std::function<void(const absl::Status&)> on_failed_;
  absl::Mutex mutex_;
  std::deque<Departure> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hanga
