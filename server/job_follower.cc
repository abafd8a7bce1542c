// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/job_follower.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/status_details.h"
#include "server/steady_time.h"

namespace hanga {
namespace {

constexpr double kDefaultRate = 4, kLeastRate = 0.1, kMostRate = 20;  // a second

}  // namespace

absl::Status CheckRate(double max_rate) {
  if (max_rate >= kLeastRate && max_rate <= kMostRate) return absl::OkStatus();
  return BadRequestStatus({{"max_rate", absl::StrCat("is ", max_rate, "; must be from ", kLeastRate,
                                                     " to ", kMostRate)}});
}

absl::Status JobFollower::Start(const Caller& caller, const v1::WatchJobRequest& request) {
  const double rate = request.has_max_rate() ? request.max_rate() : kDefaultRate;
  if (auto status = CheckRate(rate); !status.ok()) return status;
  interval_ = absl::Seconds(1 / rate);
  auto watch = scheduler_->Watch(caller, request, [bell = bell_] {
    if (auto doorbell = bell.lock()) doorbell->Ring();
  });
  if (!watch.ok()) return watch.status();
  watch_ = *std::move(watch);
  if (request.after_sequence() > 0) {
    // A watcher that resumes may have nothing to read for long, unless nothing can come any more.
    last_sent_ = SteadyNow();
    v1::WatchJobResponse now = watch_->Peek();
    if (IsFinal(now.job().state())) pending_ = std::move(now);
  }
  return absl::OkStatus();
}

std::optional<v1::WatchJobResponse> JobFollower::Next() {
  if (auto newer = watch_->Take()) Merge(*std::move(newer));
  const absl::Duration now = SteadyNow();
  if (!pending_ && now >= last_sent_ + keep_alive_) pending_ = watch_->Peek();
  if (pending_) {
    if (IsFinal(pending_->job().state()) || now >= last_sent_ + interval_) {
      last_sent_ = now;
      return std::exchange(pending_, std::nullopt);
    }
    RingAt(last_sent_ + interval_, &throttle_armed_);
  }
  RingAt(last_sent_ + keep_alive_, &keep_alive_armed_);
  return std::nullopt;
}

// The newest state, with the newest preview of each image.
void JobFollower::Merge(v1::WatchJobResponse newer) {
  if (pending_) {
    for (v1::Preview& older : *pending_->mutable_previews()) {
      bool replaced = false;
      for (const v1::Preview& preview : newer.previews()) {
        replaced = replaced || preview.index() == older.index();
      }
      if (!replaced) *newer.add_previews() = std::move(older);
    }
  }
  pending_ = std::move(newer);
}

void JobFollower::RingAt(absl::Duration time, absl::Duration* armed) {
  const absl::Duration now = SteadyNow();
  if (*armed > now) return;
  *armed = time;
  timers_->After(time - now, [bell = bell_] {
    if (auto doorbell = bell.lock()) doorbell->Ring();
  });
}

}  // namespace hanga
