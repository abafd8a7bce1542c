// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/job_canceller.h"

#include "absl/strings/str_cat.h"

namespace hanga::cli {

void JobCanceller::SetJob(const std::string& name) {
  {
    absl::MutexLock lock(&mutex_);
    job_ = name;
    // An interrupt that came before the job had a name is made up for here.
    if (!interrupted_ || cancelled_) return;
    cancelled_ = true;
  }
  CancelNow(name);
}

void JobCanceller::OnInterrupt(int count) {
  std::string name;
  {
    absl::MutexLock lock(&mutex_);
    interrupted_ = true;
    name = job_;
    if (count == 1 && name.empty()) return;
    if (count == 1) cancelled_ = true;
  }
  if (count == 1) return CancelNow(name);
  if (!name.empty()) reporter_.OnNote(absl::StrCat("left ", name, " to itself"));
  interrupt_.Trigger();
}

bool JobCanceller::interrupted() const {
  absl::MutexLock lock(&mutex_);
  return interrupted_;
}

void JobCanceller::CancelNow(const std::string& name) {
  reporter_.OnNote(absl::StrCat("cancelling ", name, "; Ctrl-C again leaves it to itself"));
  if (const auto job = client_.Cancel(name); !job.ok()) {
    // A job that has just ended cannot be cancelled; its stream tells how it ended.
    if (!absl::IsFailedPrecondition(job.status())) reporter_.OnError(job.status());
  }
}

}  // namespace hanga::cli
