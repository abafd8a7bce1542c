// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Jobs on their way from a client to the disk and back.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "hanga/v1/generation_service.pb.h"
#include "scheduler/live_job.h"
#include "scheduler/records.h"
#include "scheduler/scheduler.h"

namespace hanga {

// What is remembered of a request_id.
struct RequestKey {
  JobId job = 0;
  bool durable = true;
};

// A submit that waits for the same one before it.
struct Replay {
  Digest body_hash;
  Scheduler::JobDone done;
};

// Results of an earlier job, linked to a new one.
struct CachedResult {
  JobId job = 0, from = 0;
  std::vector<ArtifactRecord> artifacts;
};

// A submit that the store has answered.
struct Submitted {
  std::unique_ptr<LiveJob> job;  // the scheduler's from the answer on
  v1::SubmitJobRequest request;
  Scheduler::JobDone done;
  absl::Status status;
  JobRecord record;
  std::optional<CachedResult> cached;  // then it has ended with its submission
  std::vector<Replay> replays;
};

}  // namespace hanga
