// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/task_pool.h"

namespace hanga {

TaskPool::TaskPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

TaskPool::~TaskPool() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::Run(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  tasks_.push_back(std::move(task));
}

void TaskPool::WaitUntilIdle() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &TaskPool::IsIdle));
}

void TaskPool::Loop() {
  while (true) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &TaskPool::HasWork));
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
      ++running_;
    }
    task();
    task = nullptr;  // what it holds is let go of while it counts as running
    absl::MutexLock lock(&mutex_);
    --running_;
  }
}

void Doorbell::Ring() {
  {
    absl::MutexLock lock(&mutex_);
    if (state_ == State::kQueued || state_ == State::kRunningAndRung) return;
    if (state_ == State::kRunning) {
      state_ = State::kRunningAndRung;
      return;
    }
    state_ = State::kQueued;
  }
  pool_->Run([self = shared_from_this()] { self->Work(); });
}

void Doorbell::Work() {
  {
    absl::MutexLock lock(&mutex_);
    state_ = State::kRunning;
  }
  work_();
  {
    absl::MutexLock lock(&mutex_);
    const bool rung = state_ == State::kRunningAndRung;
    state_ = rung ? State::kQueued : State::kIdle;
    if (!rung) return;
  }
  pool_->Run([self = shared_from_this()] { self->Work(); });
}

}  // namespace hanga
