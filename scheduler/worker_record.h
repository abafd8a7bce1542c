// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the scheduler knows of one worker.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "hanga/v1/cluster_service.pb.h"
#include "hanga/v1/worker_link_service.pb.h"
#include "scheduler/job_name.h"
#include "scheduler/worker_group.h"
#include "scheduler/worker_session.h"

namespace hanga {

class Session;

struct WorkerRecord {
  std::string id;
  uint64_t key = 0;  // of this record, for snapshots

  // The stream. None: disconnected.
  Session* session = nullptr;
  std::shared_ptr<WorkerSink> sink;
  uint64_t incarnation = 0;
  v1::Hello hello;  // the last; `holding` is empty
  absl::Time connected;
  absl::Duration last_heard;    // by Clock::Elapsed
  bool ever_connected = false;  // since the start
  uint64_t free_bytes = 0;
  bool healthy = true;
  std::string problem;  // of its health
  v1::WorkerStats stats;

  // Service.
  bool draining = false;    // by an operator
  bool drain_sent = false;  // and not yet answered by Drained
  absl::Duration drain_grace = absl::Seconds(60);
  bool quarantined = false;
  absl::Duration refused_until;  // it has just refused a task
  absl::Duration quarantined_until = absl::InfiniteDuration();
  std::deque<absl::Duration> failures;  // when its tasks failed lately

  // Its place among workers that run models together.
  GroupSeat seat;
  absl::Duration left_group;  // when its last group ended; 0: it was in none
  bool suspected = false;     // it did not answer then

  // The process, if this server runs it.
  bool local = false;
  WorkerProcess process;
  bool process_spoke = false;  // it has said hello since it was started
  bool hang_told = false;      // its supervisor knows that it does not answer

  std::set<std::pair<JobId, uint32_t>> tasks;  // in kRunning there
  uint64_t tasks_finished = 0, tasks_failed = 0;

  bool connected_now() const { return session != nullptr; }
  bool takes_tasks() const {
    return connected_now() && healthy && !draining && !drain_sent && !quarantined &&
           seat.may_take_tasks();
  }
  uint32_t free_slots() const {
    // A group's devices are busy when each has an image of its own.
    const uint32_t most =
        (hello.max_tasks() == 0 ? 1 : hello.max_tasks()) * (seat.leads() ? seat.size : 1);
    return tasks.size() >= most ? 0 : most - static_cast<uint32_t>(tasks.size());
  }
};

v1::WorkerState StateOf(const WorkerRecord& worker);

// For ListWorkers; `tag` of the job names.
v1::Worker DescribeWorker(const WorkerRecord& worker, const std::string& tag);

}  // namespace hanga
