// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Calls at a later time, from one thread that sleeps until the next of them.
#pragma once

#include <functional>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace hanga {

// Thread-safe.
class Timers {
 public:
  Timers();
  ~Timers();  // forgets the calls that are not due

  // Calls `call` after `delay`; it must return at once. There is no way to take it back: a call
  // whose time has gone finds nothing to do.
  void After(absl::Duration delay, std::function<void()> call);

 private:
  void Loop();

  absl::Mutex mutex_;
  absl::CondVar changed_;
  std::multimap<absl::Duration, std::function<void()>> calls_ ABSL_GUARDED_BY(mutex_);  // by time
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hanga
