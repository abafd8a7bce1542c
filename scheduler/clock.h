// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Time as an argument. Thread-safe.
#pragma once

#include "absl/time/time.h"

namespace hanga {

class Clock {
 public:
  virtual ~Clock() = default;

  // What a calendar says; may jump. For what people read and for deadlines that they set.
  virtual absl::Time Now() = 0;

  // Since some fixed instant; never goes back. For leases, timeouts and durations.
  virtual absl::Duration Elapsed() = 0;

  static Clock* System();  // the machine's; never destroyed
};

}  // namespace hanga
