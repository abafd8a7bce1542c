// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/job_state.h"
#include "scheduler/session.h"

namespace hanga {

void Core::WriteDurably(StoreChange change, absl::AnyInvocable<void()> then) {
  auto kept = std::make_shared<StoreChange>(change);
  store_->Write(
      std::move(change), [this, kept, then = std::move(then)](absl::Status status) mutable {
        if (status.ok()) {
          if (then) then();
          return;
        }
        absl::MutexLock lock(&mu_);
        if (failed_writes_.empty()) {
          spdlog::error("{}; it is tried again every second", std::string(status.message()));
        }
        failed_writes_.emplace_back(std::move(*kept), std::move(then));
      });
}

void Core::End(LiveJob& job, v1::JobState state, v1::JobError error, StoreChange change,
               absl::AnyInvocable<void()> then) {
  job.ending = true;
  Requeue(job);
  if (job.run != nullptr) {
    for (uint32_t i = 0; i < job.run->tasks.size(); ++i) {
      if (job.run->tasks[i].phase != TaskPhase::kRunning) continue;
      const auto worker = workers_.find(job.run->tasks[i].worker);
      if (worker != workers_.end() && worker->second.sink != nullptr && job.run->tasks[i].sent) {
        v1::AttachResponse response;
        *response.mutable_cancel_task()->mutable_attempt() = RefOf(job, i);
        worker->second.sink->Send(std::move(response));
      }
      LeaveWorker(job, i);
      change.attempts.push_back(MakeAttempt(job, i, AttemptOutcome::kCancelled));
      job.run->tasks[i].phase = TaskPhase::kWaiting;
    }
  }
  JobRecord record = MakeRecord(job);
  record.state = state;
  record.sequence = job.sequence + 1;  // not seen before the end is durable
  record.ended_us = NowUs();
  std::string why;
  if (state == v1::JOB_STATE_FAILED) {
    record.error = error.SerializeAsString();
    why = absl::StrCat(error.reason(), ": ", error.message());
  }
  change.events.push_back(MakeEvent(job, record, std::move(why)));
  change.jobs.push_back(std::move(record));
  WriteDurably(std::move(change), [this, id = job.id, state, then = std::move(then)]() mutable {
    {
      absl::MutexLock lock(&mu_);
      Forget(id, state);
    }
    if (then) then();
  });
}

// The job has ended durably: from here on the store alone knows it.
void Core::Forget(JobId id, v1::JobState state) {
  const auto it = jobs_.find(id);
  if (it == jobs_.end()) return;
  LiveJob& job = *it->second;
  spdlog::debug("job ended job={} state={}", JobName(tag(), id), v1::JobState_Name(state));
  ModelMeasures& measures = measures_.models[models_.name(job.model)];
  measures.succeeded += state == v1::JOB_STATE_SUCCEEDED;
  measures.failed += state == v1::JOB_STATE_FAILED;
  measures.cancelled += state == v1::JOB_STATE_CANCELLED;
  measures.expired += state == v1::JOB_STATE_EXPIRED;
  measures_.job_duration.Observe(absl::Microseconds(NowUs() - job.created_us));
  if (state == v1::JOB_STATE_CANCELLED && job.cancelled_at != absl::ZeroDuration()) {
    measures_.cancel_latency.Observe(Elapsed() - job.cancelled_at);
  }
  SetState(job, state);
  if (job.run != nullptr) {
    for (uint32_t i = 0; i < job.run->tasks.size(); ++i) {
      const uint32_t attempt = job.run->tasks[i].checkpoint_attempt;
      if (attempt != 0) artifacts_.RemoveCheckpoint({id, i, attempt});
    }
  }
  ReleaseInputs(job);
  Notify(id);
  if (const auto cancels = cancels_.find(id); cancels != cancels_.end()) {
    // Answered from the store, without the lock.
    for (JobDone& done : cancels->second) {
      deferred_.push_back(
          [this, id, done = std::move(done)]() mutable { done(View(id, nullptr)); });
    }
    cancels_.erase(cancels);
  }
  jobs_.erase(it);
  Wake();
}

void Core::FailJob(LiveJob& job, absl::string_view reason, absl::string_view message) {
  v1::JobError error;
  error.set_reason(std::string(reason));
  error.set_message(std::string(message));
  End(job, v1::JOB_STATE_FAILED, std::move(error), {}, nullptr);
}

bool Core::BeginPublishing(const Session& session, const v1::TaskResult& result,
                           absl::Duration transfer, ArtifactRecord* record) {
  const v1::AttemptRef& ref = result.attempt();
  absl::MutexLock lock(&mu_);
  LiveJob* job = nullptr;
  Task* task = FindCurrent(session, ref, &job);
  if (task == nullptr) return false;
  task->phase = TaskPhase::kPublishing;
  task->stage = v1::TASK_STAGE_SAVING;
  task->publishing_since = Elapsed();
  const std::string& model = models_.name(job->model);
  for (const auto& [stage, seconds] : result.stage_seconds()) {
    measures_.ObserveStage(model, stage, absl::Seconds(seconds));
  }
  measures_.ObserveStage(model, "transfer", transfer);
  LeaveWorker(*job, ref.index());
  record->job = job->id;
  record->index = ref.index();
  record->attempt = ref.attempt();
  record->created_us = NowUs();
  Touch(*job);
  return true;
}

void Core::OnPublished(const Session& session, const v1::AttemptRef& ref, ArtifactRecord record,
                       absl::Status published) {
  absl::MutexLock lock(&mu_);
  LiveJob* job = FindLive(record.job);
  Task* task = job == nullptr || job->ending || job->run == nullptr
                   ? nullptr
                   : &job->run->tasks[record.index];
  if (task == nullptr || task->token != ref.token() || task->phase != TaskPhase::kPublishing) {
    artifacts_.RemoveArtifact({record.job, record.index, record.attempt});
    ++measures_.stale_messages;
    session.SendVerdict(ref, absl::StatusCode::kAborted, "the attempt is not current");
    return;
  }
  if (!published.ok()) {
    session.SendVerdict(ref, absl::StatusCode::kAborted, published.message());
    task->phase = TaskPhase::kWaiting;
    const bool no_space = absl::IsResourceExhausted(published);
    FailJob(*job, no_space ? "NO_SPACE" : "INTERNAL", published.message());
    return;
  }
  record.seed = job->run->request == nullptr ? 0 : job->run->request->spec().seed() + record.index;
  task->artifact = std::move(record);
  job->run->ready.push_back(ref.index());
  PublishReady(*job);
}

// One change a job at a time: its final state stands on what is durable, not on what may become so.
void Core::PublishReady(LiveJob& job) {
  if (job.publishing || job.ending || job.run->ready.empty()) return;
  job.publishing = true;
  StoreChange change;
  const std::vector<uint32_t> indices = std::exchange(job.run->ready, {});
  for (const uint32_t i : indices) {
    change.attempts.push_back(MakeAttempt(job, i, AttemptOutcome::kSucceeded));
    change.artifacts.push_back(*job.run->tasks[i].artifact);
  }
  const bool last = job.Count(TaskPhase::kDone) + indices.size() == job.images;
  JobRecord record = MakeRecord(job);
  // A later record must have a greater one to be written, a final one must not be seen before it
  // is.
  record.sequence = last ? job.sequence + 1 : ++job.sequence;
  if (last) {
    job.ending = true;  // nothing may be newer than the final record
    record.state = v1::JOB_STATE_SUCCEEDED;
    record.ended_us = NowUs();
    change.events.push_back(MakeEvent(job, record, ""));
    if (job.run->result_key) change.results.push_back({*job.run->result_key, job.id});
  }
  const v1::JobState state = record.state;
  change.jobs.push_back(std::move(record));
  store_->Write(std::move(change), [this, id = job.id, indices, state](absl::Status status) {
    OnCommitted(id, indices, state, status);
  });
}

void Core::OnCommitted(JobId id, const std::vector<uint32_t>& indices, v1::JobState state,
                       absl::Status status) {
  absl::MutexLock lock(&mu_);
  LiveJob* job = FindLive(id);
  if (job == nullptr) return;
  job->publishing = false;
  for (const uint32_t i : indices) {
    Task& task = job->run->tasks[i];
    const auto worker = workers_.find(task.worker);
    if (worker != workers_.end() && worker->second.sink != nullptr) {
      SendVerdictTo(*worker->second.sink, RefOf(*job, i),
                    status.ok() ? absl::StatusCode::kOk : absl::StatusCode::kAborted,
                    status.message());
    }
    if (!status.ok()) {
      artifacts_.RemoveArtifact({id, i, task.attempt});
      task.phase = TaskPhase::kWaiting;
      task.artifact.reset();
      continue;
    }
    task.phase = TaskPhase::kDone;
    task.stage = v1::TASK_STAGE_DONE;
    task.step = task.steps;
    measures_.ObserveStage(models_.name(job->model), "publish", Elapsed() - task.publishing_since);
    job->run->previews.erase(i);
    ++totals_.count;
    totals_.bytes += task.artifact->size_bytes;
    if (worker != workers_.end()) ++worker->second.tasks_finished;
  }
  if (!status.ok()) {
    if (job->ending && state != v1::JOB_STATE_SUCCEEDED) return;
    job->ending = false;
    FailJob(*job, absl::IsResourceExhausted(status) ? "NO_SPACE" : "STORE_UNAVAILABLE",
            status.message());
  } else if (state == v1::JOB_STATE_SUCCEEDED) {
    Forget(id, state);
  } else if (!job->ending) {
    Touch(*job);
    PublishReady(*job);
    if (job->state == v1::JOB_STATE_CANCELLING) FinishCancelling(*job);
  }
}

void Core::FinishCancelling(LiveJob& job) {
  if (job.ending || job.publishing || job.Count(TaskPhase::kRunning) > 0 ||
      job.Count(TaskPhase::kPublishing) > 0) {
    return;
  }
  End(job, v1::JOB_STATE_CANCELLED, {}, {}, nullptr);
}

}  // namespace hanga
