// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/canary_metrics.h"

namespace hanga {

void AddCanaryMetrics(const CanaryMeasures& measures, Families* families) {
  auto runs = families->Counter("hanga_canary_runs_total", "Jobs of the canary, by outcome.");
  runs.Add({{"outcome", "succeeded"}}, static_cast<double>(measures.succeeded));
  runs.Add({{"outcome", "failed"}}, static_cast<double>(measures.failed));
  runs.Add({{"outcome", "late"}}, static_cast<double>(measures.late));
  families
      ->Histogram("hanga_canary_duration_seconds",
                  "From the canary's submit to its durable end, where it succeeded.")
      .Add({}, measures.duration);
  auto success = families->Gauge("hanga_canary_last_success_timestamp_seconds",
                                 "When the canary last succeeded, in seconds since 1970; no series "
                                 "before.");
  if (measures.last_success == absl::InfinitePast()) return;
  success.Add(absl::ToDoubleSeconds(measures.last_success - absl::UnixEpoch()));
}

}  // namespace hanga
