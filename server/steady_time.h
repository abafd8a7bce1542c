// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Time since some fixed instant, on a clock that never goes back.
#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace hanga {

inline absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace hanga
