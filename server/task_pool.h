// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Threads for work that waits for the disk or that must not run where it was asked for: gRPC's own
// threads stay free for calls.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace hanga {

// Thread-safe.
class TaskPool {
 public:
  explicit TaskPool(int threads);
  ~TaskPool();  // runs what was asked for, then ends the threads

  void Run(std::function<void()> task);  // returns at once; tasks begin in the order of the calls
  void WaitUntilIdle();                  // nothing runs and nothing waits

 private:
  void Loop();
  bool IsIdle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return tasks_.empty() && running_ == 0; }
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !tasks_.empty() || ending_; }

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// Runs one piece of work on a pool whenever it is rung: at least once after each Ring(), never
// twice at a time, and once for many rings. Thread-safe.
class Doorbell : public std::enable_shared_from_this<Doorbell> {
 public:
  Doorbell(TaskPool* pool, std::function<void()> work) : pool_(pool), work_(std::move(work)) {}

  void Ring();  // returns at once

 private:
  enum class State { kIdle, kQueued, kRunning, kRunningAndRung };
  void Work();

  TaskPool* const pool_;
  const std::function<void()> work_;
  absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kIdle;
};

}  // namespace hanga
