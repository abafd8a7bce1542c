// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/worker_record.h"

#include "absl/strings/str_cat.h"
#include "scheduler/job_view.h"

namespace hanga {

v1::WorkerState StateOf(const WorkerRecord& worker) {
  if (worker.quarantined) return v1::WORKER_STATE_QUARANTINED;
  if (!worker.connected_now()) {
    if (worker.local && worker.process.state != v1::WORKER_STATE_UNSPECIFIED &&
        (worker.process.state != v1::WORKER_STATE_STARTING || !worker.ever_connected)) {
      return worker.process.state;
    }
    return v1::WORKER_STATE_LOST;
  }
  if (worker.draining || worker.drain_sent) {
    return worker.drain_sent || !worker.tasks.empty() || worker.seat.group != 0
               ? v1::WORKER_STATE_DRAINING
               : v1::WORKER_STATE_DRAINED;
  }
  return v1::WORKER_STATE_READY;
}

v1::Worker DescribeWorker(const WorkerRecord& worker, const std::string& tag) {
  v1::Worker out;
  out.set_name("workers/" + worker.id);
  out.set_state(StateOf(worker));
  out.set_problem(!worker.problem.empty()  ? worker.problem
                  : worker.connected_now() ? ""
                                           : worker.process.problem);
  out.set_host(worker.hello.host());
  out.set_pid(worker.hello.pid() != 0 ? worker.hello.pid() : worker.process.pid);
  out.set_version(worker.hello.version());
  *out.mutable_device() = worker.hello.has_device() ? worker.hello.device() : worker.process.device;
  if (worker.free_bytes != 0) out.mutable_device()->set_free_bytes(worker.free_bytes);
  out.set_local(worker.local);
  for (const auto& [job, index] : worker.tasks) {
    out.add_running(absl::StrCat(JobName(tag, job), "/tasks/", index));
  }
  out.set_tasks_finished(worker.tasks_finished);
  out.set_tasks_failed(worker.tasks_failed);
  out.set_restarts(worker.process.restarts);
  if (worker.connected_now() && worker.stats.has_loading()) {
    *out.mutable_loading() = worker.stats.loading();
  }
  if (worker.ever_connected) SetTime(worker.connected, out.mutable_connect_time());
  if (worker.process.state == v1::WORKER_STATE_BACKING_OFF) {
    SetTime(worker.process.retry_time, out.mutable_retry_time());
  }
  return out;
}

}  // namespace hanga
