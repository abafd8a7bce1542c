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
constexpr absl::Duration kNoticedPause = absl::Seconds(2);
// Between the start of a worker's process and its hello: libraries are read from a slow disk.
constexpr absl::Duration kLongestStart = absl::Minutes(5);
constexpr absl::Duration kForgetWorkerAfter = absl::Minutes(10);

}  // namespace

void Core::Loop() {
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      if (!work_ && !stopping_) wake_.WaitWithTimeout(&mu_, kTick);
      if (stopping_) return;
      ForgivePause();
    }
    RunOnce();
  }
}

// While this process was stopped, or starved, nobody could be heard: that is not the workers'
// fault.
void Core::ForgivePause() {
  const absl::Duration pause = Elapsed() - last_round_;
  if (pause < kNoticedPause || last_round_ == absl::ZeroDuration()) return;
  spdlog::warn("the scheduler did not run for {}; leases are extended by it",
               absl::FormatDuration(pause));
  for (auto& [id, worker] : workers_) worker.last_heard += pause;
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
    NoteHang(worker, silent);
    if (!worker.local && !worker.connected_now() && silent > kForgetWorkerAfter) {
      models_.ForgetWorker(worker.id);
      it = workers_.erase(it);
    } else {
      ++it;
    }
  }
}

// A process that runs and does not answer holds its device for nothing.
void Core::NoteHang(WorkerRecord& worker, absl::Duration silent) {
  const bool runs = worker.local && worker.process.state == v1::WORKER_STATE_STARTING;
  const absl::Duration longest = worker.process_spoke
                                     ? options_.workers.lease
                                     : std::max(options_.workers.lease, kLongestStart);
  if (!runs || silent <= longest || std::exchange(worker.hang_told, true)) return;
  spdlog::warn("worker hangs worker={} silent={}", worker.id, absl::FormatDuration(silent));
  if (!options_.local_worker_hangs) return;
  deferred_.push_back([this, id = worker.id] { options_.local_worker_hangs(id); });
}

void Core::ReleaseQuarantines() {
  for (auto& [id, worker] : workers_) {
    if (!worker.quarantined || Elapsed() < worker.quarantined_until) continue;
    spdlog::info("worker taken back from quarantine worker={}", id);
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

}  // namespace hanga
