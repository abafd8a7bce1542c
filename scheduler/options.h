// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the scheduler may be told by a configuration file. The defaults are those of hangad.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "scheduler/clock.h"

namespace hanga {

struct ModelOptions {
  v1::ModelDeployment deployment;  // `name` is "models/{model}"
  uint32_t max_running = 0;        // tasks at once over all workers; 0: no limit
  v1::GenerationSpec defaults;     // set fields replace what the workers report as default
};

struct TenantOptions {
  double weight = 1;         // share of the workers under contention, relative to the others'
  uint32_t max_running = 0;  // tasks at once; 0: no limit
  uint32_t max_queued = 0;   // tasks waiting; 0: no limit of its own
};

struct RetentionOptions {
  absl::Duration artifacts = absl::Hours(7 * 24);  // after which an artifact is deleted
  uint64_t artifact_bytes = 0;                     // in all; the oldest go first. 0: no limit
  absl::Duration jobs = absl::Hours(30 * 24);      // after which a finished job is forgotten
  absl::Duration request_ids = absl::Hours(24);    // at least 24 h
  absl::Duration inputs = absl::Hours(24);         // after its last use an input is deleted
  uint64_t input_bytes = uint64_t{4} << 30;  // in all; the longest unused go first. 0: no limit
  uint64_t input_bytes_per_tenant = uint64_t{1} << 30;  // more are refused. 0: no limit
  uint64_t min_free_bytes = 64 << 20;                   // disk space never used for artifacts
};

struct WorkerOptions {
  absl::Duration heartbeat_interval = absl::Seconds(1);
  absl::Duration lease = absl::Seconds(10);
  uint32_t chunk_window_bytes = 4 << 20;
  uint32_t max_attempts = 3;                            // failures of one image that fail its job
  uint32_t quarantine_failures = 5;                     // failed tasks ...
  absl::Duration quarantine_window = absl::Minutes(1);  // ... within this take a worker out
  absl::Duration quarantine_period = absl::Minutes(5);  // for this long. 0: until undrained
};

struct SchedulerOptions {
  std::string data_dir;  // made if missing
  Clock* clock = Clock::System();
  bool background = true;  // run the dispatcher's thread

  std::vector<ModelOptions> models;
  TenantOptions default_tenant;
  std::map<std::string, TenantOptions> tenants;
  RetentionOptions retention;
  WorkerOptions workers;

  uint32_t max_queued = 100'000;  // tasks waiting in all
  // How long a task may be held back for a worker that has its model in memory.
  absl::Duration max_affinity_wait = absl::Seconds(30);
  // Called when the number of workers that take tasks of some model has changed, and when a worker
  // was undrained (its supervisor may start it again). As callbacks of scheduler.h; may be empty.
  std::function<void(int)> usable_workers_changed;
  std::function<void(const std::string& worker_id)> undrained;
  // Called when a local worker that has said hello is silent beyond its lease: its process hangs,
  // and its supervisor may end it. As above.
  std::function<void(const std::string& worker_id)> local_worker_hangs;

  uint64_t max_artifact_bytes = 256 << 20;  // one result
  uint64_t max_blob_bytes = 64 << 20;       // one input
};

}  // namespace hanga
