// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What is kept of a job, as plain values; docs/formats/job-store.md tells how.
//
// A task (one image) has no record of its own: it is what its last attempt says.
//   no attempt, or the last one ended without success  ->  waiting
//   the last one is open                               ->  on a worker
//   the last one SUCCEEDED                             ->  done, and has an artifact
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hanga/v1/job.pb.h"
#include "scheduler/digest.h"
#include "scheduler/job_name.h"

namespace hanga {

// Times are microseconds since 1970; 0 stands for none.
struct JobRecord {
  JobId id = 0;
  v1::JobState state = v1::JOB_STATE_QUEUED;
  uint64_t sequence = 1;
  v1::Priority priority = v1::PRIORITY_NORMAL;
  std::string tenant;
  int64_t created_us = 0, started_us = 0, ended_us = 0;
  bool has_request_key = false;
  Digest request_key = {};  // of tenant and request_id
  std::string error;        // a JobError, if FAILED
  JobId cached_from = 0;    // the job whose results these are; 0: its own
};

// What was asked for; never changes.
struct JobRequest {
  std::string bytes;      // a SubmitJobRequest whose spec is resolved
  Digest body_hash = {};  // of the request as it came
};

enum class AttemptOutcome : uint8_t {
  kOpen = 0,
  kSucceeded = 1,
  kFailed = 2,   // counts against max_attempts
  kLost = 3,     // its worker went away; counts
  kRefused = 4,  // not begun
  kCancelled = 5,
  kAbandoned = 7,  // its worker did not come back after a restart of the server; does not count
  kSaved = 6,      // a drained worker handed back a checkpoint
};

struct AttemptRecord {
  JobId job = 0;
  uint32_t index = 0;    // which image, from 0
  uint32_t attempt = 0;  // from 1
  uint64_t epoch = 0, token = 0;
  std::string worker;
  int64_t started_us = 0, ended_us = 0;
  AttemptOutcome outcome = AttemptOutcome::kOpen;
  std::string error;              // a JobError, if FAILED or LOST
  uint64_t checkpoint_bytes = 0;  // if SAVED
  uint32_t step = 0, steps = 0;   // finished denoising steps, and all; once it has ended
};

struct ArtifactRecord {
  JobId job = 0;
  uint32_t index = 0, attempt = 0;
  std::string content_type;
  uint64_t size_bytes = 0;
  std::string sha256;  // lower-case hexadecimal
  uint64_t seed = 0;
  uint32_t width = 0, height = 0;
  int64_t created_us = 0;
};

// A change of a job's state after its submission.
struct EventRecord {
  JobId job = 0;
  uint64_t sequence = 0;  // of the job, after it
  int64_t at_us = 0;
  v1::JobState state = v1::JOB_STATE_QUEUED;
  std::string message;
};

// Which job's results answer a request; see result_key.h.
struct ResultRecord {
  Digest key = {};
  JobId job = 0;
};

// That a tenant has stored an input.
struct InputRecord {
  std::string sha256;  // lower-case hexadecimal
  std::string tenant;
  uint64_t size_bytes = 0;
  int64_t used_us = 0;  // uploaded, or named by a job
};

// All of one job.
struct StoredJob {
  JobRecord job;
  std::string request;                    // JobRequest::bytes
  std::vector<AttemptRecord> attempts;    // by index, then attempt
  std::vector<ArtifactRecord> artifacts;  // by index
};

}  // namespace hanga
