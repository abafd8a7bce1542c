// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/job_state.h"
#include "scheduler/job_view.h"
#include "scheduler/session.h"

namespace hanga {
namespace {

constexpr uint32_t kMostNotes = 64;  // of one job
constexpr size_t kMostNoteBytes = 512;

// Why the only images that were on workers wait again.
std::string WhyQueued(const Task& task, AttemptOutcome outcome, const v1::JobError& error) {
  const std::string worker = absl::StrCat("workers/", task.worker);
  switch (outcome) {
    case AttemptOutcome::kFailed:
    case AttemptOutcome::kLost:
      return absl::StrCat(error.reason(), " on ", worker, ": ", error.message());
    case AttemptOutcome::kSaved:
      return absl::StrCat(worker, " was drained and saved it at step ", task.step);
    case AttemptOutcome::kAbandoned:
      return absl::StrCat(worker, " did not come back after a restart of the server");
    default:
      return absl::StrCat(worker, " did not begin it");
  }
}

}  // namespace

JobRecord Core::MakeRecord(const LiveJob& job) const {
  JobRecord record;
  record.id = job.id;
  record.state = job.state;
  record.sequence = job.sequence;
  record.priority = job.priority;
  record.tenant = tenants_[job.tenant].name;
  record.created_us = job.created_us;
  record.started_us = job.started_us;
  record.has_request_key = job.has_request_key;
  record.request_key = job.request_key;
  return record;
}

AttemptRecord Core::MakeAttempt(const LiveJob& job, uint32_t index, AttemptOutcome outcome) const {
  const Task& task = job.run->tasks[index];
  AttemptRecord record;
  record.job = job.id;
  record.index = index;
  record.attempt = task.attempt;
  record.epoch = task.epoch;
  record.token = task.token;
  record.worker = task.worker;
  record.started_us = task.started_us;
  record.outcome = outcome;
  if (outcome == AttemptOutcome::kOpen) return record;
  record.ended_us = NowUs();
  record.step = task.step;
  record.steps = task.steps;
  return record;
}

EventRecord Core::MakeEvent(const LiveJob& job, const JobRecord& record,
                            std::string message) const {
  if (message.empty()) message = std::string(WhyBecomes(job.state, record.state));
  return {record.id, record.sequence, NowUs(), record.state, std::move(message)};
}

v1::AttemptRef Core::RefOf(const LiveJob& job, uint32_t index) const {
  const Task& task = job.run->tasks[index];
  v1::AttemptRef ref;
  ref.set_job(JobName(tag(), job.id));
  ref.set_index(index);
  ref.set_attempt(task.attempt);
  ref.set_epoch(task.epoch);
  ref.set_token(task.token);
  return ref;
}

void Core::SetState(LiveJob& job, v1::JobState state) {
  if (job.state == state) return;
  const auto running = [](v1::JobState s) {
    return s == v1::JOB_STATE_RUNNING || s == v1::JOB_STATE_CANCELLING;
  };
  ModelMeasures& model = measures_.models[models_.name(job.model)];
  for (const auto& [queued, run] : {std::pair(&measures_.queued, &measures_.running),
                                    std::pair(&model.queued, &model.running)}) {
    *queued -= job.state == v1::JOB_STATE_QUEUED;
    *run -= running(job.state);
    *queued += state == v1::JOB_STATE_QUEUED;
    *run += running(state);
  }
  if (job.state == v1::JOB_STATE_QUEUED) {
    queued_[job.priority].erase(job.id);
    if (job.deadline_us != 0) deadlines_.erase({job.deadline_us, job.id});
  }
  if (state == v1::JOB_STATE_QUEUED) queued_[job.priority].insert(job.id);
  job.state = state;
}

// Sets what waits of the job in the queue, and nothing for one on its way out.
void Core::Requeue(LiveJob& job) {
  const bool out = job.ending || job.state == v1::JOB_STATE_CANCELLING || IsFinal(job.state);
  queue_.Set(job.line(), job.queue_key(), out ? 0 : job.Count(TaskPhase::kWaiting));
}

void Core::LeaveWorker(LiveJob& job, uint32_t index) {
  Task& task = job.run->tasks[index];
  if (const auto it = workers_.find(task.worker); it != workers_.end()) {
    it->second.tasks.erase({job.id, index});
  }
  Tenant& tenant = tenants_[job.tenant];
  --tenant.running;
  --measures_.tasks_running;
  task.remaining = absl::ZeroDuration();
  Wake();
}

Task* Core::FindCurrent(const Session& session, const v1::AttemptRef& ref, LiveJob** job) {
  const auto id = ParseJobName(tag(), ref.job());
  *job = id.has_value() ? FindLive(*id) : nullptr;
  if (*job == nullptr || (*job)->ending || (*job)->run == nullptr) return nullptr;
  auto& tasks = (*job)->run->tasks;
  if (ref.index() >= tasks.size()) return nullptr;
  Task& task = tasks[ref.index()];
  const bool current = task.phase == TaskPhase::kRunning && task.attempt == ref.attempt() &&
                       task.epoch == ref.epoch() && task.token == ref.token() &&
                       task.worker == session.worker_id();
  return current ? &task : nullptr;
}

void Core::EndAttempt(LiveJob& job, uint32_t index, AttemptOutcome outcome, v1::JobError error,
                      bool retryable, absl::AnyInvocable<void()> then) {
  Task& task = job.run->tasks[index];
  const bool counts = outcome == AttemptOutcome::kFailed || outcome == AttemptOutcome::kLost;
  LeaveWorker(job, index);
  StoreChange change;
  change.attempts.push_back(MakeAttempt(job, index, outcome));
  if (counts) {
    ++task.failures;
    task.failed_on.push_back(task.worker);
    measures_.CountFailure(error.reason());
    if (error.worker().empty()) error.set_worker("workers/" + task.worker);
    error.set_attempts(task.failures);
    spdlog::warn("attempt failed job={} image={} attempt={} worker={} reason={} problem=\"{}\"",
                 JobName(tag(), job.id), index, task.attempt, task.worker, error.reason(),
                 error.message());
    change.attempts.back().error = error.SerializeAsString();
  }
  if (outcome == AttemptOutcome::kSaved) {
    task.checkpoint_attempt = task.attempt;
    task.checkpoint_step = task.step;
    change.attempts.back().checkpoint_bytes = task.checkpoint_bytes;
  }
  task.phase = TaskPhase::kWaiting;
  task.sent = false;
  task.stage = v1::TASK_STAGE_QUEUED;
  if (counts && !(retryable && MayRetry(job, task)) && job.state != v1::JOB_STATE_CANCELLING) {
    End(job, v1::JOB_STATE_FAILED, std::move(error), std::move(change), std::move(then));
    return;
  }
  const bool queued =
      job.state == v1::JOB_STATE_RUNNING && job.Count(TaskPhase::kWaiting) == job.images;
  if (queued) {
    SetState(job, v1::JOB_STATE_QUEUED);
    job.waiting_since = Elapsed();
  }
  Requeue(job);
  Touch(job);
  change.jobs.push_back(MakeRecord(job));
  if (queued) {
    change.events.push_back(MakeEvent(job, change.jobs.back(), WhyQueued(task, outcome, error)));
  }
  WriteDurably(std::move(change), std::move(then));
  if (job.state == v1::JOB_STATE_CANCELLING) FinishCancelling(job);
}

// Three attempts, of which not all on one worker where there are two.
bool Core::MayRetry(const LiveJob& job, const Task& task) const {
  const uint32_t most = options_.workers.max_attempts;
  if (task.failures < most) return true;
  const bool one_worker = std::all_of(task.failed_on.begin(), task.failed_on.end(),
                                      [&](const auto& w) { return w == task.failed_on.front(); });
  const bool another = std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    return entry.first != task.failed_on.front() && entry.second.takes_tasks() &&
           MayRun(job.model, entry.second);
  });
  return one_worker && another && task.failures < 2 * most;
}

void Core::NoteFailure(const std::string& id) {
  const auto it = workers_.find(id);
  if (it == workers_.end()) return;
  WorkerRecord& worker = it->second;
  const absl::Duration now = Elapsed();
  ++worker.tasks_failed;
  worker.failures.push_back(now);
  while (now - worker.failures.front() > options_.workers.quarantine_window) {
    worker.failures.pop_front();
  }
  if (worker.failures.size() >= options_.workers.quarantine_failures && !worker.quarantined) {
    Quarantine(worker, absl::StrCat(worker.failures.size(), " tasks failed within ",
                                    absl::FormatDuration(options_.workers.quarantine_window)));
  }
}

// What a worker says beside its progress stays in the job's history, as long as it is brief.
void Core::NoteProgress(LiveJob& job, std::string note) {
  if (job.ending || ++job.run->notes > kMostNotes) return;
  Touch(job);
  StoreChange change;
  change.jobs.push_back(MakeRecord(job));
  change.events.push_back(MakeEvent(job, change.jobs.back(), note.substr(0, kMostNoteBytes)));
  WriteDurably(std::move(change), nullptr);
}

void Core::OnTaskUpdate(Session& session, v1::TaskUpdate update) {
  absl::MutexLock lock(&mu_);
  LiveJob* job = nullptr;
  Task* task = FindCurrent(session, update.attempt(), &job);
  if (task == nullptr) {
    RefuseStale(session, update.attempt());
    return;
  }
  ModelMeasures& measures = measures_.models[models_.name(job->model)];
  if (update.step() > task->step) measures.steps += update.step() - task->step;
  if (update.step() > 0 && !std::exchange(job->run->stepped, true)) {
    measures.first_step.Observe(absl::Microseconds(NowUs() - job->created_us));
  }
  task->stage = update.stage();
  task->step = update.step();
  task->steps = update.steps();
  task->remaining = ToDuration(update.remaining());
  if (update.has_step_time()) {
    const absl::Duration step_time = ToDuration(update.step_time());
    const uint64_t pixels = uint64_t{job->shape.width} * job->shape.height;
    measures.step[ResolutionClassOf(pixels)].Observe(step_time);
    const double work = job->shape.Work() / std::max(job->shape.steps, 1U);
    if (work > 0 && step_time > absl::ZeroDuration()) {
      models_.ObserveStep(job->model, absl::ToDoubleSeconds(step_time) / work);
    }
  }
  if (!update.note().empty()) {
    NoteProgress(*job, absl::StrCat("workers/", task->worker, ": ", update.note()));
  }
  if (update.has_preview()) {
    TaskPreview& preview = job->run->previews[update.attempt().index()];
    preview.number = ++job->run->last_preview;
    preview.preview.Swap(update.mutable_preview());
    preview.preview.set_index(update.attempt().index());
  }
  Touch(*job);
}

}  // namespace hanga
