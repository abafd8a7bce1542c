// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_view.h"

#include "absl/strings/str_cat.h"

namespace hanga {

void SetTimeUs(int64_t us, google::protobuf::Timestamp* out) {
  out->set_seconds(us / 1'000'000);
  out->set_nanos(static_cast<int32_t>(us % 1'000'000 * 1'000));
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  SetTimeUs(absl::ToUnixMicros(time), out);
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  const int64_t ns = absl::ToInt64Nanoseconds(duration);
  out->set_seconds(ns / 1'000'000'000);
  out->set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

int64_t ToUs(const google::protobuf::Timestamp& time) {
  return absl::ToUnixMicros(absl::FromUnixSeconds(time.seconds()) +
                            absl::Nanoseconds(time.nanos()));
}

void FillRequest(v1::SubmitJobRequest request, v1::Job* job) {
  job->mutable_spec()->Swap(request.mutable_spec());
  job->mutable_labels()->swap(*request.mutable_labels());
  if (request.has_queue_deadline()) {
    job->mutable_queue_deadline()->Swap(request.mutable_queue_deadline());
  }
}

void FillRecord(const std::string& tag, const JobRecord& record, v1::Job* job) {
  job->set_name(JobName(tag, record.id));
  job->set_state(record.state);
  job->set_sequence(record.sequence);
  job->set_priority(record.priority);
  job->set_tenant(record.tenant);
  SetTimeUs(record.created_us, job->mutable_create_time());
  if (record.started_us != 0) SetTimeUs(record.started_us, job->mutable_start_time());
  if (record.ended_us != 0) SetTimeUs(record.ended_us, job->mutable_end_time());
  if (!record.error.empty()) job->mutable_error()->ParseFromString(record.error);
  if (record.cached_from != 0) job->set_cached_from(JobName(tag, record.cached_from));
}

void FillArtifact(const std::string& tag, const ArtifactRecord& record, absl::Duration kept_for,
                  v1::Artifact* artifact) {
  artifact->set_name(ArtifactName(tag, record.job, record.index));
  artifact->set_index(record.index);
  artifact->set_content_type(record.content_type);
  artifact->set_size_bytes(record.size_bytes);
  artifact->set_sha256(record.sha256);
  artifact->set_seed(record.seed);
  artifact->set_width(record.width);
  artifact->set_height(record.height);
  SetTimeUs(record.created_us, artifact->mutable_create_time());
  if (kept_for != absl::InfiniteDuration()) {
    SetTimeUs(record.created_us + absl::ToInt64Microseconds(kept_for),
              artifact->mutable_expire_time());
  }
}

v1::Job ViewStored(const std::string& tag, const StoredJob& stored, absl::Duration artifacts_kept) {
  v1::Job job;
  v1::SubmitJobRequest request;
  request.ParseFromString(stored.request);
  // One that was submitted before its model was examined learned its steps from the worker. With a
  // picture to begin with or a second pass a task has others than its spec.
  const bool learns = !request.spec().has_steps() && !request.spec().has_init_image() &&
                      !request.spec().has_second_pass();
  FillRequest(std::move(request), &job);
  FillRecord(tag, stored.job, &job);
  v1::TaskProgress* task = nullptr;
  for (const AttemptRecord& attempt : stored.attempts) {
    if (task == nullptr || task->index() != attempt.index) task = job.add_tasks();
    const bool done = attempt.outcome == AttemptOutcome::kSucceeded;
    const uint32_t steps = attempt.steps != 0 ? attempt.steps : job.spec().steps();
    if (learns && steps != 0) job.mutable_spec()->set_steps(steps);
    task->set_index(attempt.index);
    task->set_stage(done ? v1::TASK_STAGE_DONE : v1::TASK_STAGE_QUEUED);
    task->set_step(done ? steps : attempt.step);
    task->set_steps(steps);
    task->set_attempt(attempt.attempt);
    task->set_worker("workers/" + attempt.worker);
    if (attempt.ended_us != 0) {
      SetDuration(absl::Microseconds(attempt.ended_us - attempt.started_us),
                  task->mutable_elapsed());
    }
  }
  for (const ArtifactRecord& artifact : stored.artifacts) {
    FillArtifact(tag, artifact, artifacts_kept, job.add_artifacts());
  }
  return job;
}

void FillRun(const std::string& tag, const LiveJob& live, absl::Duration elapsed_now,
             absl::Duration artifacts_kept, v1::Job* job) {
  if (live.run == nullptr) return;
  for (uint32_t i = 0; i < live.run->tasks.size(); ++i) {
    const Task& task = live.run->tasks[i];
    v1::TaskProgress* progress = job->add_tasks();
    progress->set_index(i);
    progress->set_stage(task.stage);
    progress->set_step(task.step);
    progress->set_steps(task.steps);
    progress->set_attempt(task.attempt);
    if (!task.worker.empty()) progress->set_worker("workers/" + task.worker);
    if (task.phase == TaskPhase::kRunning || task.phase == TaskPhase::kPublishing) {
      SetDuration(elapsed_now - task.started, progress->mutable_elapsed());
      if (task.remaining > absl::ZeroDuration()) {
        SetDuration(task.remaining, progress->mutable_remaining());
      }
    }
    if (task.artifact.has_value() && task.phase == TaskPhase::kDone) {
      FillArtifact(tag, *task.artifact, artifacts_kept, job->add_artifacts());
    }
  }
}

}  // namespace hanga
