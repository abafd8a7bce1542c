// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The canary as families.
#pragma once

#include "absl/time/time.h"
#include "scheduler/measures.h"
#include "server/metrics/families.h"

namespace hanga {

struct CanaryMeasures {
  uint64_t succeeded = 0, failed = 0, late = 0;  // late: not done within the patience
  DurationHistogram duration;                    // of those that succeeded, submit to durable end
  absl::Time last_success = absl::InfinitePast();
  absl::Duration unanswered;  // how long its submit has waited for an answer; 0: none does
};

void AddCanaryMetrics(const CanaryMeasures& measures, Families* families);

}  // namespace hanga
