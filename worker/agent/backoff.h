// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace hanga {

// How long to wait before the next try: growing, and spread so that workers that lost the same
// scheduler do not return in step. Not thread-safe.
class Backoff {
 public:
  Backoff(absl::Duration first, absl::Duration most, uint64_t seed)
      : first_(first), most_(most), next_(first), random_(seed) {}

  // Between 3/4 and 5/4 of a wait that doubles at each call.
  absl::Duration Next() {
    const absl::Duration wait = next_;
    next_ = std::min(2 * next_, most_);
    return wait * std::uniform_real_distribution<double>(0.75, 1.25)(random_);
  }

  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_, most_;
  absl::Duration next_;
  std::mt19937_64 random_;
};

}  // namespace hanga
