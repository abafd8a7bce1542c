// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A small job through the real queue every now and then, so that it shows whether jobs get through
// when nobody submits any.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "scheduler/scheduler.h"
#include "server/config.h"
#include "server/metrics/canary_metrics.h"

namespace hanga {

// Thread-safe. Its jobs belong to the tenant "canary" and have high priority: how long other jobs
// wait is not what they are to show.
class Canary {
 public:
  // The scheduler outlives it. The first job comes after one interval.
  Canary(const CanaryConfig& config, Scheduler* scheduler);
  ~Canary() { Stop(); }

  void Stop();  // its job is cancelled, and no other comes

  CanaryMeasures measures() const;

 private:
  enum class End { kSucceeded, kFailed, kLate, kStopped };

  void Loop();
  End Run();
  absl::StatusOr<v1::SubmitJobRequest> MakeRequest() const;
  // FAILED_PRECONDITION and the like: refused. CANCELLED: stopping.
  absl::StatusOr<v1::Job> Submit(v1::SubmitJobRequest request);
  End Follow(const std::string& job, absl::Time until);
  bool WaitFor(absl::Duration time);  // false: stopping

  const CanaryConfig config_;
  Scheduler* const scheduler_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time submitted_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  CanaryMeasures measures_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace hanga
