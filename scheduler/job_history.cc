// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_history.h"

#include "absl/strings/str_cat.h"
#include "scheduler/job_view.h"

namespace hanga {
namespace {

v1::AttemptOutcome OutcomeOf(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::kOpen:
      return v1::ATTEMPT_OUTCOME_RUNNING;
    case AttemptOutcome::kSucceeded:
      return v1::ATTEMPT_OUTCOME_SUCCEEDED;
    case AttemptOutcome::kFailed:
      return v1::ATTEMPT_OUTCOME_FAILED;
    case AttemptOutcome::kLost:
      return v1::ATTEMPT_OUTCOME_LOST;
    case AttemptOutcome::kRefused:
      return v1::ATTEMPT_OUTCOME_REFUSED;
    case AttemptOutcome::kCancelled:
      return v1::ATTEMPT_OUTCOME_CANCELLED;
    case AttemptOutcome::kSaved:
      return v1::ATTEMPT_OUTCOME_SAVED;
    case AttemptOutcome::kAbandoned:
      return v1::ATTEMPT_OUTCOME_ABANDONED;
  }
  return v1::ATTEMPT_OUTCOME_UNSPECIFIED;
}

void FillAttempt(const AttemptRecord& record, v1::Attempt* attempt) {
  attempt->set_index(record.index);
  attempt->set_attempt(record.attempt);
  attempt->set_worker(absl::StrCat("workers/", record.worker));
  SetTimeUs(record.started_us, attempt->mutable_start_time());
  if (record.ended_us != 0) SetTimeUs(record.ended_us, attempt->mutable_end_time());
  attempt->set_outcome(OutcomeOf(record.outcome));
  if (!record.error.empty()) attempt->mutable_error()->ParseFromString(record.error);
  if (record.outcome == AttemptOutcome::kSaved) attempt->set_saved_step(record.step);
}

}  // namespace

void FillHistory(const JobRecord& record, const std::vector<AttemptRecord>& attempts,
                 const std::vector<EventRecord>& events, v1::Job* job) {
  for (const AttemptRecord& attempt : attempts) FillAttempt(attempt, job->add_attempts());
  v1::JobEvent* submitted = job->add_events();
  submitted->set_sequence(1);
  SetTimeUs(record.created_us, submitted->mutable_time());
  submitted->set_state(v1::JOB_STATE_QUEUED);
  submitted->set_message("submitted");
  for (const EventRecord& event : events) {
    v1::JobEvent* out = job->add_events();
    out->set_sequence(event.sequence);
    SetTimeUs(event.at_us, out->mutable_time());
    out->set_state(event.state);
    out->set_message(event.message);
  }
}

}  // namespace hanga
