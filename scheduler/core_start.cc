// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <spdlog/spdlog.h>

#include <utility>

#include "scheduler/core.h"
#include "scheduler/job_state.h"
#include "scheduler/sqlite_job_store.h"

namespace hanga {

absl::StatusOr<std::unique_ptr<Scheduler>> OpenScheduler(SchedulerOptions options) {
  auto folder = DataFolder::Lock(options.data_dir);
  if (!folder.ok()) return folder.status();
  auto store = OpenSqliteJobStore(*folder);
  if (!store.ok()) return store.status();
  auto core = std::make_unique<Core>(std::move(options), *std::move(folder), *std::move(store));
  if (auto status = core->Start(); !status.ok()) return status;
  return core;
}

Core::Core(SchedulerOptions options, DataFolder folder, std::unique_ptr<JobStore> store)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      artifacts_(folder_, options_.retention.min_free_bytes),
      store_(std::move(store)) {
  store_->SetAfterCommit([this] { AnswerSubmits(); });
}

Core::~Core() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    wake_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  if (sweeper_.joinable()) sweeper_.join();
  // Callbacks may write again: the ends of jobs follow on results.
  store_->Flush();
  store_.reset();
}

absl::Status Core::Start() {
  absl::Status status;
  std::set<std::pair<JobId, std::pair<uint32_t, uint32_t>>> checkpoints;
  {
    absl::MutexLock lock(&mu_);
    models_.Set(options_.models);
    next_job_ = store_->last_job() + 1;
    status = store_->ForEachUnfinished([&](StoredJob stored) {
      for (const AttemptRecord& attempt : stored.attempts) {
        if (attempt.outcome != AttemptOutcome::kSaved) continue;
        checkpoints.insert({attempt.job, {attempt.index, attempt.attempt}});
      }
      mu_.AssertHeld();
      Adopt(std::move(stored));
    });
    if (!status.ok()) return status;
    const int64_t since_us = NowUs() - absl::ToInt64Microseconds(options_.retention.request_ids);
    status = store_->ForEachRequestKey(since_us,
                                       [this](const Digest& key, JobId id, int64_t created_us) {
                                         mu_.AssertHeld();
                                         request_keys_[key] = {id, /*durable=*/true};
                                         request_key_ages_.emplace_back(created_us, key);
                                       });
    if (!status.ok()) return status;
    status = store_->ForEachInput([this](InputRecord input) {
      mu_.AssertHeld();
      inputs_.Put(std::move(input));
    });
    if (!status.ok()) return status;
    const auto totals = store_->CountArtifacts();
    if (!totals.ok()) return totals.status();
    totals_ = *totals;
    next_retention_ = Elapsed();
  }
  artifacts_.SweepUnfinished([&checkpoints](const AttemptFile& file) {
    return checkpoints.contains({file.job, {file.index, file.attempt}});
  });
  if (!options_.background) {
    SweepOrphans();
    return absl::OkStatus();
  }
  sweeper_ = std::thread([this] { SweepOrphans(); });
  {
    absl::MutexLock lock(&mu_);
    last_round_ = Elapsed();  // it is not late before it has begun
  }
  thread_ = std::thread([this] { Loop(); });
  return absl::OkStatus();
}

void Core::SweepOrphans() {
  const uint64_t orphans = artifacts_.SweepArtifacts([this](const AttemptFile& file) {
    const auto known = store_->HasArtifact(file.job, file.index, file.attempt);
    return !known.ok() || *known;
  });
  artifacts_.SweepBlobs([this](absl::string_view sha256) {
    absl::MutexLock lock(&mu_);
    return inputs_.Known(sha256) || inputs_.Held(sha256);
  });
  {
    absl::MutexLock lock(&mu_);
    swept_ = true;
  }
  if (orphans > 0) spdlog::info("{} files that a crash left behind were removed", orphans);
}

void Core::Adopt(StoredJob stored) {
  v1::SubmitJobRequest request;
  request.ParseFromString(stored.request);
  const uint32_t model = models_.Intern(request.spec().model());
  auto job = MakeLive(request, InternTenant(stored.job.tenant), model);
  job->id = stored.job.id;
  job->state = stored.job.state;
  job->created_us = stored.job.created_us;
  job->started_us = stored.job.started_us;
  job->has_request_key = stored.job.has_request_key;
  job->request_key = stored.job.request_key;
  // Beyond every sequence that a reader may have seen and no disk has.
  job->sequence = std::max(stored.job.sequence + 1, store_->epoch() << 32);
  if (!stored.attempts.empty()) AdoptAttempts(stored, *job);
  HoldInputs(*job);
  LiveJob& added = *job;
  AddLive(std::move(job));
  if (added.state == v1::JOB_STATE_CANCELLING) FinishCancelling(added);
}

// Attempts that were under way stay so: their workers have a lease to come back with them.
void Core::AdoptAttempts(StoredJob& stored, LiveJob& job) {
  job.run = std::make_unique<JobRun>();
  job.run->tasks.resize(job.images);
  job.run->keyed = true;  // by which content of its model it was begun is not known any more
  for (AttemptRecord& attempt : stored.attempts) {
    if (attempt.index >= job.images) continue;
    Task& task = job.run->tasks[attempt.index];
    task.attempt = attempt.attempt;
    task.epoch = attempt.epoch;
    task.token = attempt.token;
    task.worker = attempt.worker;
    task.started_us = attempt.started_us;
    task.started = Elapsed();
    switch (attempt.outcome) {
      case AttemptOutcome::kOpen: {
        task.phase = TaskPhase::kRunning;
        task.sent = true;
        task.sent_at = Elapsed();
        task.abandoned = true;
        RecordOf(attempt.worker).tasks.emplace(job.id, attempt.index);
        ++tenants_[job.tenant].running;
        ++measures_.tasks_running;
        break;
      }
      case AttemptOutcome::kFailed:
      case AttemptOutcome::kLost:
        ++task.failures;
        task.failed_on.push_back(attempt.worker);
        break;
      case AttemptOutcome::kSaved:
        task.checkpoint_attempt = attempt.attempt;
        task.checkpoint_step = attempt.step;
        task.step = attempt.step;
        break;
      case AttemptOutcome::kSucceeded:
        task.phase = TaskPhase::kDone;
        task.stage = v1::TASK_STAGE_DONE;
        task.step = attempt.step;
        task.steps = attempt.steps;
        break;
      case AttemptOutcome::kRefused:
      case AttemptOutcome::kCancelled:
      case AttemptOutcome::kAbandoned:
        break;
    }
  }
  for (ArtifactRecord& artifact : stored.artifacts) {
    if (artifact.index < job.images) job.run->tasks[artifact.index].artifact = std::move(artifact);
  }
  if (job.state == v1::JOB_STATE_RUNNING && job.Count(TaskPhase::kWaiting) == job.images) {
    job.state = v1::JOB_STATE_QUEUED;
  }
}

}  // namespace hanga
