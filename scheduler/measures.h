// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the scheduler counts. Plain values of one instant, for whoever exports them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace hanga {

// A histogram whose bucket i counts what is at most kBounds[i] seconds; the last one is unbounded.
struct DurationHistogram {
  static constexpr std::array<double, 16> kBounds = {
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120, 600};
  std::array<uint64_t, kBounds.size() + 1> counts = {};
  double sum_seconds = 0;

  void Observe(absl::Duration value);
};

struct ModelMeasures {
  uint64_t succeeded = 0, failed = 0, cancelled = 0, expired = 0;  // jobs
  uint64_t steps = 0;                                              // denoising steps
  DurationHistogram step;
};

// submitted = queued + running + the finished ones of all models. Counted since the data folder's
// jobs were loaded: `submitted` begins with the unfinished jobs found there.
struct Measures {
  uint64_t submitted = 0;
  uint64_t queued = 0;   // jobs of which no task is on a worker
  uint64_t running = 0;  // jobs with RUNNING or CANCELLING
  std::map<std::string, ModelMeasures> models;

  uint64_t refused_full = 0;  // submits answered RESOURCE_EXHAUSTED
  uint64_t replayed = 0;      // submits answered by an earlier job
  uint64_t tasks_waiting = 0, tasks_running = 0;
  uint64_t attempts = 0;
  std::map<std::string, uint64_t> attempt_failures;  // by reason
  uint64_t stale_messages = 0;                       // answered ABORTED
  absl::Duration oldest_queued;                      // age of the oldest waiting job

  DurationHistogram queue_wait, job_duration, cancel_latency, commit;
  uint64_t commits = 0, committed_changes = 0;

  uint64_t workers_ready = 0, workers_in_all = 0, quarantines = 0;
  uint64_t artifacts = 0, artifact_bytes = 0;
};

}  // namespace hanga
