// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Decides when a watcher of a job is sent what: at most so many states a second and the newest
// ones, the final one at once, and the same one again where nothing has happened for a while.
#pragma once

#include <memory>
#include <optional>

#include "server/call.h"

namespace hanga {

// Not thread-safe: owned by one stream's pump.
class JobFollower {
 public:
  // `bell` is rung when Next() may have something.
  JobFollower(const ServiceContext& context, std::weak_ptr<Doorbell> bell)
      : scheduler_(context.scheduler),
        timers_(context.timers),
        keep_alive_(context.keep_alive),
        bell_(std::move(bell)) {}

  // INVALID_ARGUMENT for a rate out of range, NOT_FOUND.
  absl::Status Start(const Caller& caller, const v1::WatchJobRequest& request);

  // The state to send now. Nothing: not yet, the bell will ring.
  std::optional<v1::WatchJobResponse> Next();

 private:
  void Merge(v1::WatchJobResponse newer);
  void RingAt(absl::Duration time, absl::Duration* armed);

  Scheduler* const scheduler_;
  Timers* const timers_;
  const absl::Duration keep_alive_;
  const std::weak_ptr<Doorbell> bell_;
  std::unique_ptr<JobWatch> watch_;
  absl::Duration interval_;
  std::optional<v1::WatchJobResponse> pending_;
  absl::Duration last_sent_ = -absl::InfiniteDuration();
  // When the timers that are set ring; a time that has passed is no timer.
  absl::Duration throttle_armed_ = -absl::InfiniteDuration();
  absl::Duration keep_alive_armed_ = -absl::InfiniteDuration();
};

// Checks `max_rate` of a request. INVALID_ARGUMENT names the field, the value and the limits.
absl::Status CheckRate(double max_rate);

}  // namespace hanga
