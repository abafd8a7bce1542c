// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Time that passes when the test says so. Thread-safe.
#pragma once

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "scheduler/clock.h"

namespace hanga {

class FakeClock : public Clock {
 public:
  absl::Time Now() override {
    absl::MutexLock lock(&mu_);
    return now_;
  }
  absl::Duration Elapsed() override {
    absl::MutexLock lock(&mu_);
    return elapsed_;
  }

  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mu_);
    now_ += duration;
    elapsed_ += duration;
  }
  void JumpCalendar(absl::Duration duration) {
    absl::MutexLock lock(&mu_);
    now_ += duration;
  }

 private:
  absl::Mutex mu_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  absl::Duration elapsed_ = absl::Hours(1);
};

}  // namespace hanga
