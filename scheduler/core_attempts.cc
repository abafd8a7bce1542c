// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a worker says of an attempt that ends, and whether it may say anything at all.
#include "scheduler/core.h"
#include "scheduler/session.h"

namespace hanga {

bool Core::IsCurrent(const Session& session, const v1::AttemptRef& ref, AttemptFile* file) {
  absl::MutexLock lock(&mu_);
  LiveJob* job = nullptr;
  if (FindCurrent(session, ref, &job) != nullptr) {
    *file = {job->id, ref.index(), ref.attempt()};
    return true;
  }
  RefuseStale(session, ref);
  return false;
}

void Core::RefuseStale(const Session& session, const v1::AttemptRef& ref) {
  ++measures_.stale_messages;
  session.SendVerdict(ref, absl::StatusCode::kAborted, "the attempt is not current");
}

void Core::OnEndedAttempt(Session& session, const v1::TaskResult& result) {
  const v1::AttemptRef& ref = result.attempt();
  absl::MutexLock lock(&mu_);
  LiveJob* job = nullptr;
  Task* task = FindCurrent(session, ref, &job);
  if (task == nullptr) {
    RefuseStale(session, ref);
    return;
  }
  AttemptOutcome outcome = AttemptOutcome::kFailed;
  if (result.outcome() == v1::TASK_OUTCOME_CANCELLED) outcome = AttemptOutcome::kCancelled;
  if (result.outcome() == v1::TASK_OUTCOME_REFUSED) outcome = AttemptOutcome::kRefused;
  v1::JobError error = result.error();
  if (outcome == AttemptOutcome::kFailed) {
    if (error.reason().empty()) error.set_reason("INTERNAL");
    error.set_worker("workers/" + task->worker);
    // A request that no worker can serve says nothing of this one, nor does another rank's end.
    if (error.reason() == "GROUP_LOST") {
      // Its report of the group follows; until then it must not get the next attempt.
      GroupSeat& seat = workers_.at(task->worker).seat;
      seat.ready = false;
      const auto group = groups_.find(seat.group);
      if (group != groups_.end()) {
        group->second.ready[seat.rank] = 0;
        group->second.formed = Elapsed();
      }
    } else if (result.retryable()) {
      NoteFailure(task->worker);
    }
  }
  if (outcome == AttemptOutcome::kRefused) {
    // Not asked again before it has had time to change.
    const auto worker = workers_.find(task->worker);
    if (worker != workers_.end()) {
      worker->second.refused_until = Elapsed() + options_.workers.heartbeat_interval;
    }
  }
  EndAttempt(
      *job, ref.index(), outcome, std::move(error), result.retryable(),
      [sink = session.sink(), ref] { SendVerdictTo(*sink, ref, absl::StatusCode::kOk, ""); });
}

void Core::OnSaved(Session& session, const v1::AttemptRef& ref, const AttemptFile& file,
                   uint32_t step, uint64_t bytes, const absl::Status& status) {
  absl::MutexLock lock(&mu_);
  LiveJob* job = nullptr;
  Task* task = FindCurrent(session, ref, &job);
  if (task == nullptr) {
    artifacts_.RemoveCheckpoint(file);
    RefuseStale(session, ref);
    return;
  }
  const uint32_t earlier = task->checkpoint_attempt;
  if (status.ok()) {
    task->step = step;
    task->checkpoint_bytes = bytes;
  }
  // One that could not be kept costs the steps, not the job.
  EndAttempt(
      *job, ref.index(), status.ok() ? AttemptOutcome::kSaved : AttemptOutcome::kRefused, {}, true,
      [sink = session.sink(), ref] { SendVerdictTo(*sink, ref, absl::StatusCode::kOk, ""); });
  if (status.ok() && earlier != 0) artifacts_.RemoveCheckpoint({file.job, file.index, earlier});
}

}  // namespace hanga
