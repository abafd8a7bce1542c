// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace hanga {

// Jobs that one thread runs in their order. Without Start() they wait for RunOne(), which is how
// tests step it by hand. Thread-safe, but for Start() and the destructor.
class Lane {
 public:
  Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane() { Stop(); }

  void Start();
  // Waits for the job that runs; jobs that have not begun are dropped.
  void Stop();

  void Post(std::function<void()> job);
  size_t waiting() const;
  // Runs the first waiting job on the caller's thread; false if there is none.
  bool RunOne();

 private:
  void Run();

  mutable absl::Mutex mutex_;
  std::deque<std::function<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hanga
