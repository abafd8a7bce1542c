// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers in and out of service: drain, quarantine, loss.
#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/job_view.h"
#include "scheduler/page.h"
#include "scheduler/session.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

absl::Status NoSuchWorker() {
  return StatusWithReason(absl::StatusCode::kNotFound, "WORKER_NOT_FOUND",
                          "name: there is no such worker");
}

}  // namespace

WorkerRecord* Core::FindWorker(absl::string_view name) {
  const auto it = workers_.find(std::string(IdOf("workers", name)));
  return it == workers_.end() ? nullptr : &it->second;
}

absl::StatusOr<v1::ListWorkersResponse> Core::ListWorkers(const v1::ListWorkersRequest& request) {
  absl::MutexLock lock(&mu_);
  std::vector<std::string> ids;
  for (const auto& [id, worker] : workers_) ids.push_back(id);
  const auto page = NextPage(ids, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  v1::ListWorkersResponse response;
  for (const std::string& id : page->names) *response.add_workers() = Describe(workers_[id]);
  response.set_next_page_token(page->next_token);
  return response;
}

v1::Worker Core::Describe(const WorkerRecord& worker) const {
  v1::Worker out = DescribeWorker(worker, tag());
  DescribeGroup(worker, &out);
  for (uint32_t i = 0; i < models_.size(); ++i) {
    if (models_.LoadedOn(i, worker.id)) out.add_loaded_models(models_.name(i));
  }
  return out;
}

absl::StatusOr<v1::Worker> Core::DrainWorker(const v1::DrainWorkerRequest& request) {
  const absl::Duration grace =
      request.has_grace() ? ToDuration(request.grace()) : absl::Seconds(60);
  if (grace < absl::ZeroDuration() || grace > absl::Hours(1)) {
    return BadRequestStatus(
        {{"grace", absl::StrCat("is ", absl::FormatDuration(grace), ", must be 0 to 1 h")}});
  }
  absl::MutexLock lock(&mu_);
  WorkerRecord* worker = FindWorker(request.name());
  if (worker == nullptr) return NoSuchWorker();
  if (!worker->draining) {
    worker->draining = true;
    worker->drain_grace = grace;
    // A group is drained by its leader, and lets its members go then.
    const auto group = groups_.find(worker->seat.group);
    const bool grouped = group != groups_.end() && group->second.told;
    if (worker->connected_now() && !grouped) TellDrain(*worker);
    NoteReadiness();
  }
  return Describe(*worker);
}

absl::StatusOr<v1::Worker> Core::UndrainWorker(absl::string_view name) {
  absl::MutexLock lock(&mu_);
  WorkerRecord* worker = FindWorker(name);
  if (worker == nullptr) return NoSuchWorker();
  worker->draining = false;  // one that still drains takes tasks once it has said Drained
  worker->quarantined = false;
  worker->failures.clear();
  if (!worker->connected_now()) worker->problem.clear();
  if (options_.undrained) {
    deferred_.push_back([this, id = worker->id] { options_.undrained(id); });
  }
  NoteReadiness();
  Wake();
  return Describe(*worker);
}

void Core::TellDrain(WorkerRecord& worker) {
  v1::AttachResponse response;
  SetDuration(worker.drain_grace, response.mutable_drain()->mutable_grace());
  worker.sink->Send(std::move(response));
  worker.drain_sent = true;
}

void Core::Quarantine(WorkerRecord& worker, std::string why) {
  spdlog::warn("worker quarantined worker={}: {}", worker.id, why);
  worker.quarantined = true;
  worker.problem = std::move(why);
  const absl::Duration period = options_.workers.quarantine_period;
  worker.quarantined_until =
      period == absl::ZeroDuration() ? absl::InfiniteDuration() : Elapsed() + period;
  ++measures_.quarantines;
  NoteReadiness();
}

void Core::LoseTasks(WorkerRecord& worker, absl::string_view why) {
  const auto tasks = worker.tasks;
  for (const auto& [id, index] : tasks) {
    LiveJob* job = FindLive(id);
    // The end of a sibling may have ended the whole job.
    if (job == nullptr || job->ending) continue;
    const Task& task = job->run->tasks[index];
    // Whoever stopped with an earlier server has not shown that the task is to blame.
    AttemptOutcome outcome = AttemptOutcome::kLost;
    if (!task.sent) outcome = AttemptOutcome::kRefused;
    if (task.abandoned) outcome = AttemptOutcome::kAbandoned;
    v1::JobError error;
    error.set_reason("WORKER_LOST");
    error.set_message(std::string(why));
    error.set_worker("workers/" + worker.id);
    error.set_worker_stderr(worker.process.stderr_tail);
    if (outcome == AttemptOutcome::kLost) NoteFailure(worker.id);
    EndAttempt(*job, index, outcome, std::move(error), /*retryable=*/true, nullptr);
  }
  LeaveGroup(worker, why);
}

void Core::ReportProcess(const WorkerProcess& process) {
  absl::MutexLock lock(&mu_);
  WorkerRecord& worker = RecordOf(process.worker_id);
  worker.local = true;
  worker.process = process;
  worker.process_spoke = worker.connected_now();
  worker.hang_told = false;
  if (!worker.connected_now()) worker.last_heard = Elapsed();  // its time to say hello begins
  if (process.state != v1::WORKER_STATE_STARTING) {
    LoseTasks(worker, absl::StrCat("its worker's process ended: ", process.problem));
    if (worker.connected_now()) Disconnect(worker, nullptr);
    models_.ForgetWorker(worker.id);
    worker.drain_sent = false;
  }
  NoteReadiness();
  Wake();
}

void Core::SetModels(std::vector<ModelOptions> models) {
  absl::MutexLock lock(&mu_);
  models_.Set(std::move(models));
  for (auto& [id, worker] : workers_) {
    if (!worker.connected_now()) continue;
    v1::AttachResponse response;
    for (auto& deployment : models_.deployments()) {
      *response.mutable_set_models()->add_models() = std::move(deployment);
    }
    worker.sink->Send(std::move(response));
  }
  Wake();
}

void Core::Drain(absl::Duration grace, absl::AnyInvocable<void()> drained) {
  absl::MutexLock lock(&mu_);
  draining_ = true;
  drain_until_ = Elapsed() + grace;
  drained_ = std::move(drained);
  for (auto& [id, worker] : workers_) {
    worker.drain_grace = grace;
    if (worker.connected_now() && !worker.drain_sent) TellDrain(worker);
  }
  NoteReadiness();
  Wake();
}

void Core::NoteReadiness() {
  int usable = 0;
  for (const auto& [id, worker] : workers_) {
    bool any = false;
    for (uint32_t i = 0; i < models_.size() && !any; ++i) any = MayRun(i, worker);
    usable += worker.takes_tasks() && any;
  }
  if (usable == usable_workers_) return;
  usable_workers_ = usable;
  if (options_.usable_workers_changed) {
    deferred_.push_back([this, usable] { options_.usable_workers_changed(usable); });
    Wake();
  }
}

}  // namespace hanga
