// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "scheduler/core.h"
#include "scheduler/farewell.h"
#include "scheduler/job_state.h"
#include "scheduler/job_view.h"
#include "scheduler/session.h"

namespace hanga {
std::shared_ptr<WorkerSession> Core::Attach(std::string worker_id,
                                            std::shared_ptr<WorkerSink> sink) {
  return std::make_shared<Session>(*this, std::move(worker_id), std::move(sink));
}

WorkerRecord& Core::RecordOf(const std::string& id) {
  WorkerRecord& worker = workers_[id];
  if (worker.key == 0) {
    worker.key = next_worker_key_++;
    worker.id = id;
    worker.last_heard = Elapsed();
  }
  return worker;
}

// The reason of a refusal; empty if it is welcome.
std::string Core::RefuseHello(const Session& session, const v1::Hello& hello,
                              v1::Goodbye* goodbye) {
  goodbye->set_retry(false);
  if (hello.link_version() != v1::LINK_VERSION_1) {
    goodbye->set_message(absl::StrCat("this server speaks link version ", v1::LINK_VERSION_1,
                                      ", the worker ", hello.link_version(),
                                      ": install the same version of Hanga on both"));
    return "LINK_VERSION";
  }
  if (!IsResourceId(hello.worker_id())) {
    goodbye->set_message("the worker's id must match [a-z0-9._-]{1,64}");
    return "BAD_HELLO";
  }
  if (!session.allowed_id().empty() && session.allowed_id() != hello.worker_id()) {
    goodbye->set_message(
        absl::StrCat("its token does not allow it to be workers/", hello.worker_id()));
    return "BAD_TOKEN";
  }
  const auto it = workers_.find(hello.worker_id());
  if (it != workers_.end() && it->second.connected_now() &&
      it->second.incarnation != hello.incarnation()) {
    goodbye->set_message(absl::StrCat("another process is workers/", hello.worker_id(),
                                      ": give this one another --id, or wait until that one's "
                                      "lease is over"));
    goodbye->set_retry(true);
    return "DUPLICATE_WORKER";
  }
  return {};
}

void Core::OnHello(Session& session, v1::Hello hello) {
  absl::MutexLock lock(&mu_);
  v1::Goodbye goodbye;
  if (const std::string reason = RefuseHello(session, hello, &goodbye); !reason.empty()) {
    goodbye.set_reason(reason);
    spdlog::warn("worker refused worker={} reason={}: {}",
                 IsResourceId(hello.worker_id()) ? hello.worker_id() : "?", reason,
                 goodbye.message());
    SendAway(*session.sink(), goodbye);
    return;
  }
  WorkerRecord& worker = RecordOf(hello.worker_id());
  if (worker.connected_now()) {
    goodbye.set_reason("RECONNECTED");
    goodbye.set_message("the same process has opened another stream");
    Disconnect(worker, &goodbye);
  }
  if (worker.ever_connected && worker.incarnation != hello.incarnation()) {
    LoseTasks(worker, "its worker was replaced by another process");
    models_.ForgetWorker(worker.id);
    worker.drain_sent = false;
  }
  session.set_worker_id(hello.worker_id());
  const std::vector<v1::AttemptRef> holding(hello.holding().begin(), hello.holding().end());
  hello.clear_holding();
  worker.session = &session;
  worker.sink = session.sink();
  worker.incarnation = hello.incarnation();
  worker.free_bytes = hello.device().free_bytes();
  worker.hello = std::move(hello);
  worker.connected = options_.clock->Now();
  worker.last_heard = Elapsed();
  worker.ever_connected = true;
  worker.healthy = true;
  worker.problem.clear();
  worker.process_spoke = true;
  worker.hang_told = false;

  v1::AttachResponse response;
  v1::Welcome& welcome = *response.mutable_welcome();
  welcome.set_epoch(store_->epoch());
  SetDuration(options_.workers.heartbeat_interval, welcome.mutable_heartbeat_interval());
  SetDuration(options_.workers.lease, welcome.mutable_lease());
  welcome.set_chunk_window_bytes(options_.workers.chunk_window_bytes);
  for (auto& deployment : models_.deployments()) *welcome.add_models() = std::move(deployment);
  worker.sink->Send(std::move(response));
  Reconcile(worker, holding);
  if (worker.draining || draining_) TellDrain(worker);
  NoteReadiness();
  Wake();
}

// What the worker holds and what it should hold, made equal.
void Core::Reconcile(WorkerRecord& worker, absl::Span<const v1::AttemptRef> holding) {
  std::set<uint64_t> held;
  for (const v1::AttemptRef& ref : holding) {
    LiveJob* job = nullptr;
    Task* task = FindCurrent(*worker.session, ref, &job);
    if (task != nullptr) {
      held.insert(ref.token());
      task->abandoned = false;
      task->sent = true;
      if (job->state != v1::JOB_STATE_CANCELLING) continue;
      v1::AttachResponse response;
      *response.mutable_cancel_task()->mutable_attempt() = ref;
      worker.sink->Send(std::move(response));
      continue;
    }
    // A result that is on its way to the disk gets its verdict from there.
    const auto id = ParseJobName(tag(), ref.job());
    job = id.has_value() ? FindLive(*id) : nullptr;
    if (job != nullptr && job->run != nullptr && ref.index() < job->run->tasks.size()) {
      const Task& other = job->run->tasks[ref.index()];
      if (other.token == ref.token() && other.phase == TaskPhase::kPublishing) continue;
    }
    RefuseStale(*worker.session, ref);
  }
  // An assignment that was cut off with the stream was never begun.
  const auto tasks = worker.tasks;
  for (const auto& [id, index] : tasks) {
    LiveJob* job = FindLive(id);
    // The end of a sibling may have ended the whole job.
    if (job == nullptr || job->ending) continue;
    const Task& task = job->run->tasks[index];
    if (!task.sent || held.contains(task.token)) continue;
    EndAttempt(*job, index, AttemptOutcome::kRefused, {}, /*retryable=*/true, nullptr);
  }
}

bool Core::Heard(const Session& session) {
  absl::MutexLock lock(&mu_);
  const auto it = workers_.find(session.worker_id());
  if (it == workers_.end() || it->second.session != &session) return false;
  it->second.last_heard = Elapsed();
  return true;
}

void Core::OnHeartbeat(Session& session, const v1::Heartbeat& heartbeat) {
  absl::MutexLock lock(&mu_);
  WorkerRecord& worker = workers_[session.worker_id()];
  const bool took_tasks = worker.takes_tasks();
  worker.free_bytes = heartbeat.free_bytes();
  worker.healthy = heartbeat.healthy();
  worker.problem = heartbeat.problem();
  worker.stats = heartbeat.stats();
  v1::AttachResponse response;
  response.mutable_heartbeat_ack();
  worker.sink->Send(std::move(response));
  // One that forgot a task would keep its job waiting for ever.
  std::set<uint64_t> held;
  for (const auto& ref : heartbeat.holding()) held.insert(ref.token());
  const auto tasks = worker.tasks;
  for (const auto& [id, index] : tasks) {
    LiveJob* job = FindLive(id);
    // The end of a sibling may have ended the whole job.
    if (job == nullptr || job->ending) continue;
    const Task& task = job->run->tasks[index];
    if (!task.sent || held.contains(task.token) ||
        Elapsed() - task.sent_at < options_.workers.lease) {
      continue;
    }
    v1::JobError error;
    error.set_reason("WORKER_LOST");
    error.set_message("its worker does not hold it any more");
    EndAttempt(*job, index, AttemptOutcome::kLost, std::move(error), true, nullptr);
  }
  if (took_tasks != worker.takes_tasks()) {
    NoteReadiness();
    Wake();
  }
}

void Core::OnModelReport(Session& session, v1::ModelReport report) {
  absl::MutexLock lock(&mu_);
  const auto index = models_.Find(report.model().name());
  if (!index.has_value()) return;
  const std::string problem = report.model().problem();
  const bool unusable = report.model().state() == v1::MODEL_STATE_UNUSABLE;
  const std::string table = report.placement().table();
  const v1::ModelReport* before = models_.ReportOf(*index, session.worker_id());
  const bool placed_anew =
      !table.empty() && (before == nullptr || before->placement().table() != table);
  if (!models_.Report(*index, session.worker_id(), std::move(report))) return;
  if (placed_anew) {
    spdlog::info("model placed model={} worker={}:\n{}", models_.name(*index), session.worker_id(),
                 table);
  }
  if (unusable) {
    spdlog::warn("model not usable model={} worker={}: {}", models_.name(*index),
                 session.worker_id(), problem);
  }
  NoteReadiness();
  Wake();
}

void Core::OnDrained(Session& session) {
  absl::MutexLock lock(&mu_);
  WorkerRecord& worker = workers_[session.worker_id()];
  worker.drain_sent = false;
  // It says that it holds nothing: what it was given and did not begin goes elsewhere.
  const auto tasks = worker.tasks;
  for (const auto& [id, index] : tasks) {
    LiveJob* job = FindLive(id);
    if (job == nullptr || job->ending) continue;
    EndAttempt(*job, index, AttemptOutcome::kRefused, {}, true, nullptr);
  }
  NoteReadiness();
  Wake();
}

void Core::OnClosed(Session& session) {
  absl::MutexLock lock(&mu_);
  const auto it = workers_.find(session.worker_id());
  if (it == workers_.end() || it->second.session != &session) return;
  Disconnect(it->second, nullptr);
}

void Core::Disconnect(WorkerRecord& worker, const v1::Goodbye* goodbye) {
  if (goodbye != nullptr) {
    SendAway(*worker.sink, *goodbye);
  } else {
    worker.sink->Close(absl::OkStatus());
  }
  worker.session = nullptr;
  worker.sink.reset();
  NoteReadiness();
  Wake();
}

}  // namespace hanga
