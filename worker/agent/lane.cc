// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/lane.h"

#include <utility>

namespace hanga {

void Lane::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Lane::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  if (thread_.joinable()) thread_.join();
}

void Lane::Post(std::function<void()> job) {
  const absl::MutexLock lock(&mutex_);
  if (!stopping_) jobs_.push_back(std::move(job));
}

size_t Lane::waiting() const {
  const absl::MutexLock lock(&mutex_);
  return jobs_.size();
}

bool Lane::RunOne() {
  std::function<void()> job;
  {
    const absl::MutexLock lock(&mutex_);
    if (jobs_.empty()) return false;
    job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  job();
  return true;
}

void Lane::Run() {
  for (;;) {
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Lane* lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lane->mutex_) {
            return lane->stopping_ || !lane->jobs_.empty();
          },
          this));
      if (stopping_) return;
    }
    RunOne();
  }
}

}  // namespace hanga
