// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A job that has not ended, in memory. While it waits it is one LiveJob of about 200 bytes; what a
// client asked for stays in the store. Its run exists from the first assignment on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hanga/v1/generation_service.pb.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "scheduler/job_queue.h"
#include "scheduler/records.h"
#include "scheduler/schedule.h"

namespace hanga {

// One image of a job.
//
//   kWaiting ──assigned──▶ kRunning ──result received──▶ kPublishing ──committed──▶ kDone
//       ▲                     │                              │
//       └── failed, lost, refused, saved ◀───────────────────┘
enum class TaskPhase : uint8_t { kWaiting, kRunning, kPublishing, kDone };

struct Task {
  TaskPhase phase = TaskPhase::kWaiting;
  bool sent = false;       // the worker has been told
  bool abandoned = false;  // of an earlier epoch, and its worker has not come back yet
  uint32_t attempt = 0, failures = 0;
  uint64_t epoch = 0, token = 0;
  std::string worker;  // of the last attempt
  int64_t started_us = 0;
  absl::Duration started, sent_at;     // of the last attempt, by Clock::Elapsed
  absl::Duration publishing_since;     // by Clock::Elapsed
  std::vector<std::string> failed_on;  // workers
  uint32_t checkpoint_attempt = 0;     // the attempt that was saved; 0: none
  uint64_t checkpoint_bytes = 0;
  uint32_t checkpoint_step = 0;
  v1::TaskStage stage = v1::TASK_STAGE_QUEUED;
  uint32_t step = 0, steps = 0;
  absl::Duration remaining;  // predicted; 0: unknown
  std::optional<ArtifactRecord> artifact;
};

struct TaskPreview {
  uint64_t number = 0;  // grows with every preview of the job
  v1::Preview preview;
};

struct JobRun {
  std::vector<Task> tasks;
  std::shared_ptr<const v1::SubmitJobRequest> request;  // once read
  std::map<uint32_t, TaskPreview> previews;             // by index
  uint64_t last_preview = 0;
  std::vector<uint32_t> ready;  // tasks in kPublishing whose bytes are in place
  bool stepped = false;         // a first step was seen
  // Under which its results may be given again: set at the first delivery, reset by another model.
  std::optional<Digest> result_key;
  bool keyed = false;
  uint32_t notes = 0;  // of its workers, in its history
};

struct LiveJob {
  JobId id = 0;
  v1::JobState state = v1::JOB_STATE_QUEUED;
  v1::Priority priority = v1::PRIORITY_NORMAL;
  uint32_t tenant = 0, model = 0, images = 1;
  uint64_t sequence = 1;
  int64_t created_us = 0, started_us = 0, deadline_us = 0;  // 0: none
  absl::Duration waiting_since;                             // by Clock::Elapsed
  absl::Duration held_since;                                // by affinity; 0: it is not
  absl::Duration cancelled_at;
  WorkShape shape;
  bool deterministic = false;
  bool has_request_key = false;
  bool ending = false;      // its final state is on the way to the disk
  bool publishing = false;  // results are
  Digest request_key = {};
  std::vector<std::string> inputs;  // their SHA-256
  std::unique_ptr<JobRun> run;

  uint32_t Count(TaskPhase phase) const;
  QueueKey queue_key() const;
  LineId line() const { return {static_cast<uint8_t>(priority), tenant, model}; }
};

// A job without a deadline is due this long after its submission: deadlines go first, but nothing
// waits for ever behind them.
inline constexpr absl::Duration kPatience = absl::Minutes(10);

}  // namespace hanga
