// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/live_job.h"

#include <algorithm>

namespace hanga {

uint32_t LiveJob::Count(TaskPhase phase) const {
  if (run == nullptr) return phase == TaskPhase::kWaiting ? images : 0;
  return static_cast<uint32_t>(std::count_if(run->tasks.begin(), run->tasks.end(),
                                             [&](const Task& t) { return t.phase == phase; }));
}

QueueKey LiveJob::queue_key() const {
  const int64_t patience_us = absl::ToInt64Microseconds(kPatience);
  return {deadline_us != 0 ? deadline_us : created_us + patience_us, id};
}

}  // namespace hanga
