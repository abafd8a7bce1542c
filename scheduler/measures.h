// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the scheduler counts. Plain values of one instant, for whoever exports them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hanga/v1/cluster_service.pb.h"
#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {

// A histogram whose bucket i counts what is at most kBounds[i] seconds; the last one is unbounded.
struct DurationHistogram {
  static constexpr std::array<double, 16> kBounds = {
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120, 600};
  std::array<uint64_t, kBounds.size() + 1> counts = {};
  double sum_seconds = 0;

  void Observe(absl::Duration value);
};

// Pictures by size, so that a step's time says something: the smallest class that holds
// width x height pixels.
struct ResolutionClass {
  const char* name;
  uint64_t most_pixels;
};
inline constexpr std::array<ResolutionClass, 6> kResolutionClasses = {{{"0.25mp", 1 << 18},
                                                                       {"0.5mp", 1 << 19},
                                                                       {"1mp", 1 << 20},
                                                                       {"2mp", 1 << 21},
                                                                       {"4mp", 1 << 22},
                                                                       {"larger", UINT64_MAX}}};
size_t ResolutionClassOf(uint64_t pixels);

struct ModelMeasures {
  // Jobs. At every instant submitted = queued + running + the four that have ended.
  uint64_t submitted = 0, queued = 0, running = 0;
  uint64_t succeeded = 0, failed = 0, cancelled = 0, expired = 0;
  uint64_t steps = 0;                                             // denoising steps
  std::array<DurationHistogram, kResolutionClasses.size()> step;  // one denoising step
  DurationHistogram first_step;                                   // from submit to its end
  std::map<std::string, DurationHistogram, std::less<>> stages;   // of one image; see kStages
};

// Stages that are counted: those that a worker reports, "transfer" of the result's bytes, and
// "publish" until the result is durable.
inline constexpr std::array<const char*, 7> kStages = {"load", "encode",   "denoise", "decode",
                                                       "save", "transfer", "publish"};

struct WorkerMeasures {
  std::string id;
  v1::WorkerState state = v1::WORKER_STATE_UNSPECIFIED;
  bool usable = false;  // takes tasks, of one model at least
  v1::DeviceInfo device;
  uint32_t restarts = 0;
  uint64_t tasks_running = 0, tasks_finished = 0, tasks_failed = 0;
  v1::WorkerStats stats;              // of its last heartbeat
  std::vector<std::string> examines;  // "models/{model}" of which it has said nothing yet
  std::string problem;                // one sentence, where there is one
};

// What waits in one priority class.
struct ClassMeasures {
  uint64_t tasks_waiting = 0;
  absl::Duration oldest_queued;  // age of the oldest waiting job
};

// submitted = queued + running + the finished ones of all models. Counted since the data folder's
// jobs were loaded: `submitted` begins with the unfinished jobs found there.
struct Measures {
  static constexpr size_t kMostReasons = 32;  // of failures; further ones count as "OTHER"

  uint64_t submitted = 0;
  uint64_t queued = 0;                          // jobs of which no task is on a worker
  uint64_t running = 0;                         // jobs with RUNNING or CANCELLING
  std::map<std::string, ModelMeasures> models;  // by "models/{model}"

  uint64_t refused_full = 0;  // submits answered RESOURCE_EXHAUSTED
  uint64_t replayed = 0;      // submits answered by an earlier job
  uint64_t cached = 0;        // jobs answered by the results of an earlier one
  uint64_t tasks_waiting = 0, tasks_running = 0;
  std::array<ClassMeasures, v1::Priority_ARRAYSIZE> classes;  // by Priority
  uint64_t attempts = 0;
  std::map<std::string, uint64_t> attempt_failures;  // by reason
  uint64_t stale_messages = 0;                       // answered ABORTED
  absl::Duration oldest_queued;                      // age of the oldest waiting job

  DurationHistogram queue_wait, job_duration, cancel_latency;
  DurationHistogram commit;         // of the store, its fsync included
  DurationHistogram artifact_sync;  // a result's bytes and folder
  uint64_t commits = 0, committed_changes = 0;
  uint64_t writes_pending = 0;  // changes that the disk refused and that are tried again

  std::vector<WorkerMeasures> workers;  // by id
  uint64_t workers_ready = 0, workers_in_all = 0, quarantines = 0;
  uint64_t artifacts = 0, artifact_bytes = 0;
  absl::Duration since_last_round;  // of the dispatcher's thread; it makes several a second

  void CountFailure(const std::string& reason);
  void ObserveStage(const std::string& model, absl::string_view stage, absl::Duration duration);
};

}  // namespace hanga
