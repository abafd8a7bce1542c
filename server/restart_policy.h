// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// When a process that ended is started again. Pure: time is an argument. Not thread-safe.
#pragma once

#include <deque>

#include "absl/time/time.h"

namespace hanga {

struct RestartOptions {
  absl::Duration least, most;   // back-off: doubles from `least` to `most`
  int crash_limit = 5;          // crashes within `crash_window` that quarantine
  absl::Duration crash_window;  // living this long also starts the back-off anew
  absl::Duration quarantine;
};

class RestartPolicy {
 public:
  struct Decision {
    absl::Duration delay;      // until the next start
    bool quarantined = false;  // it ended too often; `delay` is the quarantine
  };

  explicit RestartPolicy(RestartOptions options) : options_(options) {}

  // The process ended at `now` (on a clock that never goes back) after having lived for `lived`.
  Decision OnCrash(absl::Duration now, absl::Duration lived);

  // Forgets the crashes: an operator says that the cause is gone.
  void Reset();

 private:
  RestartOptions options_;
  std::deque<absl::Duration> crashes_;  // within the window, oldest first
  absl::Duration next_delay_ = absl::ZeroDuration();
};

}  // namespace hanga
