// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/job_state.h"
#include "scheduler/status_details.h"

namespace hanga {
namespace {

absl::StatusOr<v1::Job> CancelledOr(absl::StatusOr<v1::Job> job) {
  if (!job.ok() || !IsFinal(job->state()) || job->state() == v1::JOB_STATE_CANCELLED) return job;
  return StatusWithReason(absl::StatusCode::kFailedPrecondition, "JOB_ENDED",
                          absl::StrCat(job->name(), " has ended: ", StateName(job->state())));
}

}  // namespace

void Core::Cancel(const Caller& caller, absl::string_view name, JobDone done) {
  const auto id = ParseJobName(tag(), name);
  bool live = false;
  if (id.has_value()) {
    absl::MutexLock lock(&mu_);
    LiveJob* job = FindLive(*id);
    if (job != nullptr && MaySee(caller, tenants_[job->tenant].name)) {
      live = true;
      const auto answer = [this, id = *id, &done]() {
        return [this, id, done = std::move(done)]() mutable { done(View(id, nullptr)); };
      };
      if (job->ending) {
        // Its end is on the way to the disk: that answers.
        cancels_[*id].push_back([done = std::move(done)](absl::StatusOr<v1::Job> ended) mutable {
          done(CancelledOr(std::move(ended)));
        });
      } else if (job->state == v1::JOB_STATE_QUEUED) {
        job->cancelled_at = Elapsed();
        End(*job, v1::JOB_STATE_CANCELLED, {}, {}, answer());
      } else if (job->state == v1::JOB_STATE_CANCELLING) {
        deferred_.push_back(answer());
        Wake();
      } else {
        job->cancelled_at = Elapsed();
        SetState(*job, v1::JOB_STATE_CANCELLING);
        Requeue(*job);
        Touch(*job);
        StoreChange change;
        change.jobs.push_back(MakeRecord(*job));
        change.events.push_back(MakeEvent(*job, change.jobs.back(),
                                          caller.tenant == tenants_[job->tenant].name
                                              ? "cancelled"
                                              : "cancelled by an operator"));
        WriteDurably(std::move(change), answer());
        TellCancel(*job);
        FinishCancelling(*job);
      }
    }
  }
  if (!live) done(CancelledOr(Get(caller, name)));
}

void Core::TellCancel(LiveJob& job) {
  for (uint32_t i = 0; i < job.run->tasks.size(); ++i) {
    const Task& task = job.run->tasks[i];
    // One that was not sent yet is withdrawn by Deliver(); one without a connection is told after
    // the worker's next hello.
    const auto worker = workers_.find(task.worker);
    if (task.phase != TaskPhase::kRunning || !task.sent || worker == workers_.end() ||
        worker->second.sink == nullptr) {
      continue;
    }
    v1::AttachResponse response;
    *response.mutable_cancel_task()->mutable_attempt() = RefOf(job, i);
    worker->second.sink->Send(std::move(response));
  }
}

}  // namespace hanga
