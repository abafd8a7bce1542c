// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/timers.h"

#include "server/steady_time.h"

namespace hanga {

Timers::Timers() : thread_([this] { Loop(); }) {}

Timers::~Timers() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void Timers::After(absl::Duration delay, std::function<void()> call) {
  absl::MutexLock lock(&mutex_);
  const auto it = calls_.emplace(SteadyNow() + delay, std::move(call));
  if (it == calls_.begin()) changed_.Signal();
}

void Timers::Loop() {
  mutex_.Lock();
  while (!ending_) {
    if (calls_.empty()) {
      changed_.Wait(&mutex_);
      continue;
    }
    const absl::Duration wait = calls_.begin()->first - SteadyNow();
    if (wait > absl::ZeroDuration()) {
      changed_.WaitWithTimeout(&mutex_, wait);
      continue;
    }
    const std::function<void()> call = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    mutex_.Unlock();
    call();
    mutex_.Lock();
  }
  mutex_.Unlock();
}

}  // namespace hanga
