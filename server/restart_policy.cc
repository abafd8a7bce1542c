// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/restart_policy.h"

#include <algorithm>

namespace hanga {

RestartPolicy::Decision RestartPolicy::OnCrash(absl::Duration now, absl::Duration lived) {
  if (lived >= options_.crash_window) next_delay_ = absl::ZeroDuration();
  crashes_.push_back(now);
  while (crashes_.front() <= now - options_.crash_window) crashes_.pop_front();
  if (static_cast<int>(crashes_.size()) >= options_.crash_limit) {
    Reset();
    return {.delay = options_.quarantine, .quarantined = true};
  }
  next_delay_ = std::clamp(next_delay_ * 2, options_.least, options_.most);
  return {.delay = next_delay_};
}

void RestartPolicy::Reset() {
  crashes_.clear();
  next_delay_ = absl::ZeroDuration();
}

}  // namespace hanga
