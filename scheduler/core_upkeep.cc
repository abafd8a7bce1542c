// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/session.h"

namespace hanga {
namespace {

// Leases and deadlines are looked at this often.
constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr absl::Duration kWriteRetry = absl::Seconds(1);
constexpr absl::Duration kRetentionRound = absl::Seconds(30);
constexpr uint32_t kRetentionBatch = 256;
constexpr absl::Duration kForgetWorkerAfter = absl::Minutes(10);

}  // namespace

void Core::Loop() {
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      if (!work_ && !stopping_) wake_.WaitWithTimeout(&mu_, kTick);
      if (stopping_) return;
    }
    RunOnce();
  }
}

void Core::RunOnce() {
  Upkeep();
  while (Dispatch()) {
  }
  Deferred deferred;
  {
    absl::MutexLock lock(&mu_);
    deferred.swap(deferred_);
  }
  for (auto& call : deferred) call();
}

void Core::Upkeep() {
  bool retry = false, retain = false;
  {
    absl::MutexLock lock(&mu_);
    work_ = false;
    last_round_ = Elapsed();
    ExpireJobs();
    ExpireLeases();
    ReleaseQuarantines();
    TendGroups();
    FailUnservable();
    NoteDrained();
    retry = !failed_writes_.empty() && Elapsed() >= next_retry_;
    if (retry) next_retry_ = Elapsed() + kWriteRetry;
    retain = Elapsed() >= next_retention_;
    if (retain) next_retention_ = Elapsed() + kRetentionRound;
  }
  if (retry) RetryWrites();
  if (retain) ApplyRetention();
}

void Core::ExpireJobs() {
  const int64_t now_us = NowUs();
  std::vector<JobId> expired;
  for (const auto& [deadline_us, id] : deadlines_) {
    if (deadline_us > now_us) break;
    LiveJob* job = FindLive(id);
    // One that has started, and was lost back into the queue, has kept its deadline.
    if (job != nullptr && !job->ending && job->started_us == 0) expired.push_back(id);
  }
  for (const JobId id : expired) End(*FindLive(id), v1::JOB_STATE_EXPIRED, {}, {}, nullptr);
}

void Core::ExpireLeases() {
  const absl::Duration now = Elapsed();
  for (auto it = workers_.begin(); it != workers_.end();) {
    WorkerRecord& worker = it->second;
    const absl::Duration silent = now - worker.last_heard;
    if (silent > options_.workers.lease) {
      LoseTasks(worker, absl::StrCat("its worker was not heard for ",
                                     absl::FormatDuration(options_.workers.lease)));
      if (worker.connected_now()) {
        v1::Goodbye goodbye;
        goodbye.set_reason("LEASE_OVER");
        goodbye.set_message("no heartbeat within the lease");
        goodbye.set_retry(true);
        Disconnect(worker, &goodbye);
      }
    }
    if (!worker.local && !worker.connected_now() && silent > kForgetWorkerAfter) {
      models_.ForgetWorker(worker.id);
      it = workers_.erase(it);
    } else {
      ++it;
    }
  }
}

void Core::ReleaseQuarantines() {
  for (auto& [id, worker] : workers_) {
    if (!worker.quarantined || Elapsed() < worker.quarantined_until) continue;
    spdlog::info("workers/{} is taken back from quarantine", id);
    worker.quarantined = false;
    worker.failures.clear();
    worker.problem.clear();
    NoteReadiness();
  }
}

// Jobs that nothing can ever serve: their model is gone, or no ready worker can use it.
void Core::FailUnservable() {
  if (Elapsed() < next_unservable_) return;
  next_unservable_ = Elapsed() + kTick;
  std::set<uint32_t> waited_for;
  for (const auto& [line, entries] : queue_.lines()) waited_for.insert(line.model);
  std::map<uint32_t, std::pair<std::string, std::string>> unservable;
  for (const uint32_t model : waited_for) {
    if (!models_.offered(model)) {
      unservable[model] = {"MODEL_REMOVED", models_.name(model) + " is not offered any more"};
      continue;
    }
    std::string problem;
    bool any_ready = false, all_cannot = true;
    for (const auto& [id, worker] : workers_) {
      if (!worker.takes_tasks()) continue;
      any_ready = true;
      problem = models_.ProblemOn(model, id);
      all_cannot &= !problem.empty();
    }
    if (any_ready && all_cannot) unservable[model] = {"MODEL_UNUSABLE", problem};
  }
  if (unservable.empty()) return;
  std::vector<JobId> jobs;
  for (const auto& [line, entries] : queue_.lines()) {
    if (!unservable.contains(line.model)) continue;
    entries.ForEach([&](const QueueKey& key, uint32_t) { return jobs.push_back(key.job), true; });
  }
  for (const JobId id : jobs) {
    LiveJob* job = FindLive(id);
    if (job == nullptr || job->ending) continue;
    const auto& [reason, message] = unservable[job->model];
    FailJob(*job, reason, message);
  }
}

void Core::NoteDrained() {
  if (!draining_ || !drained_) return;
  const bool idle = std::all_of(workers_.begin(), workers_.end(), [](const auto& entry) {
    return !entry.second.connected_now() ||
           (entry.second.tasks.empty() && !entry.second.drain_sent);
  });
  if (!idle && Elapsed() < drain_until_) return;
  while (!groups_.empty()) BreakGroup(groups_.begin()->first, "the server shuts down");
  deferred_.push_back(std::move(drained_));
}

void Core::RetryWrites() {
  decltype(failed_writes_) writes;
  {
    absl::MutexLock lock(&mu_);
    writes.swap(failed_writes_);
  }
  for (auto& [change, then] : writes) WriteDurably(std::move(change), std::move(then));
}

void Core::ApplyRetention() {
  const RetentionOptions& keep = options_.retention;
  ArtifactTotals totals;
  {
    absl::MutexLock lock(&mu_);
    totals = totals_;
    const int64_t oldest_us = NowUs() - absl::ToInt64Microseconds(keep.request_ids);
    while (!request_key_ages_.empty() && request_key_ages_.front().first < oldest_us) {
      request_keys_.erase(request_key_ages_.front().second);
      request_key_ages_.pop_front();
    }
  }
  // The entry goes first: what is listed can be fetched.
  const auto oldest = store_->OldestArtifacts(kRetentionBatch);
  if (oldest.ok() && !oldest->empty()) {
    const int64_t expired_us = NowUs() - absl::ToInt64Microseconds(keep.artifacts);
    StoreChange change;
    std::vector<AttemptFile> files;
    uint64_t bytes = 0;
    for (const ArtifactRecord& artifact : *oldest) {
      const bool too_many = keep.artifact_bytes != 0 && totals.bytes - bytes > keep.artifact_bytes;
      if (artifact.created_us >= expired_us && !too_many) break;
      change.dropped_artifacts.push_back({artifact.job, artifact.index});
      files.push_back({artifact.job, artifact.index, artifact.attempt});
      bytes += artifact.size_bytes;
    }
    if (!files.empty()) {
      WriteDurably(std::move(change), [this, files, bytes] {
        for (const AttemptFile& file : files) artifacts_.RemoveArtifact(file);
        absl::MutexLock lock(&mu_);
        totals_.count -= files.size();
        totals_.bytes -= bytes;
        next_retention_ = Elapsed();  // there may be more
        Wake();
      });
    }
  }
  ForgetOldJobs();
}

void Core::ForgetOldJobs() {
  const RetentionOptions& keep = options_.retention;
  const absl::Duration age = std::max({keep.jobs, keep.request_ids, keep.artifacts});
  if (age == absl::InfiniteDuration()) return;
  const auto old = store_->EndedBefore(NowUs() - absl::ToInt64Microseconds(age), kRetentionBatch);
  if (!old.ok() || old->empty()) return;
  StoreChange change;
  for (const JobId id : *old) {
    // Its artifacts have expired before it.
    const auto job = store_->Read(id);
    if (job.ok() && job->artifacts.empty()) change.forgotten.push_back(id);
  }
  if (!change.forgotten.empty()) WriteDurably(std::move(change), nullptr);
}

}  // namespace hanga
