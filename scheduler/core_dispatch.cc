// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <spdlog/spdlog.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduler/core.h"
#include "scheduler/job_view.h"
#include "scheduler/request_check.h"
#include "scheduler/session.h"

namespace hanga {

bool Core::Dispatch() {
  std::vector<Outgoing> outgoing;
  {
    absl::MutexLock lock(&mu_);
    if (draining_ || queue_.tasks() == 0) return false;
    std::vector<WorkerRecord*> workers;
    const ClusterSnapshot snapshot = TakeSnapshot(&workers);
    const Assignments assignments = Schedule(snapshot);
    for (const uint32_t held : assignments.held_back) {
      LiveJob* job = FindLive(snapshot.queue[held].job);
      if (job->held_since == absl::ZeroDuration()) job->held_since = Elapsed();
    }
    for (const Assignment& assignment : assignments.made) {
      LiveJob* job = FindLive(snapshot.queue[assignment.candidate].job);
      outgoing.push_back(Assign(*job, *workers[assignment.worker]));
    }
  }
  for (const Outgoing& one : outgoing) Deliver(one);
  return !outgoing.empty();
}

ClusterSnapshot Core::TakeSnapshot(std::vector<WorkerRecord*>* workers) {
  ClusterSnapshot snapshot;
  snapshot.max_affinity_wait_seconds = absl::ToDoubleSeconds(options_.max_affinity_wait);
  for (uint32_t i = 0; i < models_.size(); ++i) {
    snapshot.models.push_back(
        {models_.load_seconds(i), models_.seconds_per_work(i), 0, models_.max_running(i)});
  }
  for (const Tenant& tenant : tenants_) {
    snapshot.tenants.push_back(
        {tenant.options.weight, tenant.served, tenant.running, tenant.options.max_running});
  }
  std::vector<char> usable(models_.size(), 0);
  uint64_t free_slots = 0;
  for (auto& [id, worker] : workers_) {
    std::vector<WorkerSnapshot::Running> running;
    for (const auto& [job_id, index] : worker.tasks) {
      const LiveJob* job = FindLive(job_id);
      if (job == nullptr) continue;
      ++snapshot.models[job->model].running;
      const Task& task = job->run->tasks[index];
      const double guess = job->shape.Work() * models_.seconds_per_work(job->model) -
                           absl::ToDoubleSeconds(Elapsed() - task.started);
      running.push_back({job->model, job->shape,
                         task.remaining > absl::ZeroDuration()
                             ? absl::ToDoubleSeconds(task.remaining)
                             : std::max(guess, 0.0)});
    }
    if (!worker.takes_tasks() || Elapsed() < worker.refused_until) continue;
    WorkerSnapshot& out = snapshot.workers.emplace_back();
    out.key = worker.key;
    out.free_slots = worker.free_slots();
    out.running = std::move(running);
    for (uint32_t i = 0; i < models_.size(); ++i) {
      if (!MayRun(i, worker)) continue;
      out.usable.push_back(i);
      if (out.free_slots > 0) usable[i] = 1;
      if (models_.LoadedOn(i, id)) out.loaded.push_back(i);
    }
    free_slots += out.free_slots;
    workers->push_back(&worker);
  }
  if (free_slots > 0) CollectCandidates(free_slots, usable, &snapshot);
  return snapshot;
}

// Enough of the head of each line to fill the free slots, whatever the shares turn out to be; the
// dispatcher comes again when it was not.
void Core::CollectCandidates(uint64_t free_slots, const std::vector<char>& usable,
                             ClusterSnapshot* snapshot) {
  const auto& lines = queue_.lines();
  const uint64_t per_line =
      8 + 4 * free_slots / std::max<size_t>(lines.size(), 1) + (lines.size() <= 4 ? free_slots : 0);
  const absl::Duration now = Elapsed();
  for (const auto& [id, line] : lines) {
    if (usable[id.model] == 0) continue;
    uint64_t taken = 0;
    line.ForEach([&](const QueueKey& key, uint32_t tasks) {
      const LiveJob* job = FindLive(key.job);
      Candidate candidate;
      candidate.job = key.job;
      candidate.priority_class = id.priority_class;
      candidate.tenant = id.tenant;
      candidate.model = id.model;
      candidate.due_us = key.due_us;
      if (job->held_since != absl::ZeroDuration()) {
        candidate.held_seconds = absl::ToDoubleSeconds(now - job->held_since);
      }
      candidate.tasks = tasks;
      candidate.shape = job->shape;
      candidate.alone = job->deterministic;
      if (job->run != nullptr) {
        const auto next =
            std::find_if(job->run->tasks.begin(), job->run->tasks.end(),
                         [](const Task& t) { return t.phase == TaskPhase::kWaiting; });
        for (const std::string& worker : next->failed_on) {
          if (const auto it = workers_.find(worker); it != workers_.end()) {
            candidate.avoid.push_back(it->second.key);
          }
        }
        // Its other tasks may have other workers to avoid: one at a time.
        if (!candidate.avoid.empty()) candidate.tasks = 1;
      }
      snapshot->queue.push_back(std::move(candidate));
      taken += tasks;
      return taken < per_line;
    });
  }
}

Core::Outgoing Core::Assign(LiveJob& job, WorkerRecord& worker) {
  if (job.run == nullptr) {
    job.run = std::make_unique<JobRun>();
    job.run->tasks.resize(job.images);
  }
  job.held_since = absl::ZeroDuration();
  auto& tasks = job.run->tasks;
  const auto task = std::find_if(tasks.begin(), tasks.end(),
                                 [](const Task& t) { return t.phase == TaskPhase::kWaiting; });
  const auto index = static_cast<uint32_t>(task - tasks.begin());
  task->phase = TaskPhase::kRunning;
  task->sent = false;
  task->abandoned = false;
  ++task->attempt;
  task->step = task->checkpoint_attempt == 0 ? 0 : task->checkpoint_step;
  task->epoch = store_->epoch();
  task->token = tokens_.Draw();
  task->worker = worker.id;
  task->started = Elapsed();
  task->started_us = NowUs();
  worker.tasks.emplace(job.id, index);

  Tenant& tenant = tenants_[job.tenant];
  // A tenant that comes back from idleness has no claim on what it did not use.
  if (tenant.running == 0) {
    double least = tenant.served;
    bool others = false;
    for (const Tenant& other : tenants_) {
      if (other.running == 0) continue;
      least = others ? std::min(least, other.served) : other.served;
      others = true;
    }
    if (others) tenant.served = std::max(tenant.served, least);
  }
  tenant.served += job.shape.Work() * models_.seconds_per_work(job.model) / tenant.options.weight;
  ++tenant.running;
  ++measures_.attempts;
  ++measures_.tasks_running;
  const bool begins = job.state == v1::JOB_STATE_QUEUED;
  if (begins) {
    if (job.started_us == 0) {
      job.started_us = task->started_us;
      measures_.queue_wait.Observe(Elapsed() - job.waiting_since);
    }
    SetState(job, v1::JOB_STATE_RUNNING);
  }
  Requeue(job);
  Touch(job);
  // Written before the worker's answer can be, and need not be durable before it is told: an
  // attempt that the store does not know is refused after a crash.
  StoreChange change;
  change.jobs.push_back(MakeRecord(job));
  change.attempts.push_back(MakeAttempt(job, index, AttemptOutcome::kOpen));
  if (begins) {
    change.events.push_back(
        MakeEvent(job, change.jobs.back(),
                  absl::StrCat("image ", index, " was given to workers/", worker.id)));
  }
  WriteDurably(std::move(change), nullptr);
  return {job.id, index, task->token};
}

std::shared_ptr<const v1::SubmitJobRequest> Core::ReadRequest(JobId id) {
  {
    absl::MutexLock lock(&mu_);
    const LiveJob* job = FindLive(id);
    if (job != nullptr && job->run != nullptr && job->run->request != nullptr) {
      return job->run->request;
    }
  }
  const auto stored = store_->ReadRequest(id);
  auto request = std::make_shared<v1::SubmitJobRequest>();
  if (!stored.ok() || !request->ParseFromString(stored->bytes)) return nullptr;
  absl::MutexLock lock(&mu_);
  LiveJob* job = FindLive(id);
  if (job != nullptr && job->run != nullptr) job->run->request = request;
  return request;
}

void Core::Deliver(const Outgoing& outgoing) {
  const auto request = ReadRequest(outgoing.job);
  v1::AttachResponse response;
  v1::Assignment& assignment = *response.mutable_assignment();
  uint32_t checkpoint_attempt = 0;
  {
    absl::MutexLock lock(&mu_);
    const LiveJob* job = FindLive(outgoing.job);
    if (job != nullptr && job->run != nullptr) {
      checkpoint_attempt = job->run->tasks[outgoing.index].checkpoint_attempt;
    }
  }
  if (checkpoint_attempt != 0) {
    // Without it the task begins anew.
    auto bytes = artifacts_.ReadCheckpoint({outgoing.job, outgoing.index, checkpoint_attempt});
    if (bytes.ok()) assignment.set_checkpoint(*std::move(bytes));
  }

  absl::MutexLock lock(&mu_);
  LiveJob* job = FindLive(outgoing.job);
  if (job == nullptr || job->ending) return;
  Task& task = job->run->tasks[outgoing.index];
  if (task.phase != TaskPhase::kRunning || task.token != outgoing.token) return;
  if (request == nullptr) {
    FailJob(*job, "STORE_DAMAGED", "the stored request cannot be read");
    return;
  }
  if (job->state == v1::JOB_STATE_CANCELLING) {
    EndAttempt(*job, outgoing.index, AttemptOutcome::kCancelled, {}, false, nullptr);
    return;
  }
  *assignment.mutable_attempt() = RefOf(*job, outgoing.index);
  v1::GenerationSpec& spec = *assignment.mutable_spec();
  spec = request->spec();
  // The job may be older than the first report of its model.
  const v1::Model& facts = models_.facts(job->model);
  if (const auto violations = CheckSpec(spec, facts); !violations.empty()) {
    FailJob(*job, "INVALID_FIELD",
            absl::StrCat(violations[0].field, ": ", violations[0].description));
    return;
  }
  ResolveSpec(facts, /*seed=*/0, &spec);
  NoteResultKey(*job, spec);
  job->shape = ShapeOf(spec, facts.defaults());
  spec.set_seed(spec.seed() + outgoing.index);
  spec.set_num_images(1);
  task.steps = spec.steps();
  const auto worker = workers_.find(task.worker);
  if (worker == workers_.end() || worker->second.sink == nullptr) {
    EndAttempt(*job, outgoing.index, AttemptOutcome::kRefused, {}, true, nullptr);
    return;
  }
  task.sent = true;
  task.sent_at = Elapsed();
  task.stage = v1::TASK_STAGE_LOADING;
  spdlog::debug("attempt begins job={} image={} attempt={} worker={}", JobName(tag(), job->id),
                outgoing.index, task.attempt, task.worker);
  worker->second.sink->Send(std::move(response));
}

}  // namespace hanga
