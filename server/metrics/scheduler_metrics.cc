// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/scheduler_metrics.h"

#include "absl/strings/strip.h"

namespace hanga {
namespace {

std::string ModelLabel(const std::string& name) {
  return std::string(absl::StripPrefix(name, "models/"));
}

void AddJobs(const Measures& measures, Families* families) {
  auto submitted = families->Counter("hanga_jobs_submitted_total",
                                     "Jobs accepted, those found in the store at start included.");
  for (const auto& [name, model] : measures.models) {
    submitted.Add({{"model", ModelLabel(name)}}, static_cast<double>(model.submitted));
  }
  auto queued = families->Gauge("hanga_jobs_queued", "Jobs of which no image is on a worker.");
  for (const auto& [name, model] : measures.models) {
    queued.Add({{"model", ModelLabel(name)}}, static_cast<double>(model.queued));
  }
  auto running = families->Gauge("hanga_jobs_running",
                                 "Jobs of which an image is on a worker or drawn, those that are "
                                 "being cancelled included.");
  for (const auto& [name, model] : measures.models) {
    running.Add({{"model", ModelLabel(name)}}, static_cast<double>(model.running));
  }
  auto finished = families->Counter("hanga_jobs_finished_total", "Jobs that have ended, by state.");
  for (const auto& [name, model] : measures.models) {
    for (const auto& [state, count] :
         {std::pair("succeeded", model.succeeded), std::pair("failed", model.failed),
          std::pair("cancelled", model.cancelled), std::pair("expired", model.expired)}) {
      finished.Add({{"model", ModelLabel(name)}, {"state", state}}, static_cast<double>(count));
    }
  }
}

void AddQueue(const Measures& measures, Families* families) {
  constexpr std::pair<v1::Priority, const char*> kClasses[] = {
      {v1::PRIORITY_LOW, "low"}, {v1::PRIORITY_NORMAL, "normal"}, {v1::PRIORITY_HIGH, "high"}};
  auto waiting = families->Gauge("hanga_queue_tasks", "Images that wait, by priority class.");
  for (const auto& [priority, name] : kClasses) {
    waiting.Add({{"priority", name}},
                static_cast<double>(measures.classes[priority].tasks_waiting));
  }
  auto age = families->Gauge("hanga_queue_oldest_age_seconds",
                             "Age of the oldest waiting job, by priority class; 0 if none waits.");
  for (const auto& [priority, name] : kClasses) {
    age.Add({{"priority", name}}, absl::ToDoubleSeconds(measures.classes[priority].oldest_queued));
  }
  families->Counter("hanga_submits_refused_total", "Submits that a full queue refused.")
      .Add(static_cast<double>(measures.refused_full));
  families->Counter("hanga_submits_replayed_total", "Submits answered by an earlier job.")
      .Add(static_cast<double>(measures.replayed));
  families->Counter("hanga_jobs_cached_total", "Jobs answered by the results of an earlier one.")
      .Add(static_cast<double>(measures.cached));
  families->Histogram("hanga_queue_wait_seconds", "From a job's submit to its first assignment.")
      .Add({}, measures.queue_wait);
  families->Histogram("hanga_job_duration_seconds", "From a job's submit to its durable end.")
      .Add({}, measures.job_duration);
  families
      ->Histogram("hanga_cancel_latency_seconds", "From a cancel to the durable end of the job.")
      .Add({}, measures.cancel_latency);
}

void AddAttempts(const Measures& measures, Families* families) {
  families->Gauge("hanga_tasks_running", "Images on workers.")
      .Add(static_cast<double>(measures.tasks_running));
  families->Counter("hanga_attempts_total", "Assignments of an image to a worker.")
      .Add(static_cast<double>(measures.attempts));
  auto failures = families->Counter("hanga_attempt_failures_total",
                                    "Attempts that failed or were lost, by reason.");
  for (const auto& [reason, count] : measures.attempt_failures) {
    failures.Add({{"reason", reason}}, static_cast<double>(count));
  }
  families
      ->Counter("hanga_stale_messages_total",
                "Messages of attempts that were not the current ones, refused.")
      .Add(static_cast<double>(measures.stale_messages));
  families
      ->Gauge("hanga_dispatcher_round_age_seconds",
              "Since the dispatcher's last round; it makes several a second.")
      .Add(absl::ToDoubleSeconds(measures.since_last_round));
}

void AddWork(const Measures& measures, Families* families) {
  auto steps = families->Counter("hanga_steps_total", "Denoising steps.");
  for (const auto& [name, model] : measures.models) {
    steps.Add({{"model", ModelLabel(name)}}, static_cast<double>(model.steps));
  }
  auto step = families->Histogram("hanga_step_duration_seconds",
                                  "One denoising step, by the picture's resolution class.");
  for (const auto& [name, model] : measures.models) {
    for (size_t i = 0; i < kResolutionClasses.size(); ++i) {
      if (model.step[i].sum_seconds == 0) continue;
      step.Add({{"model", ModelLabel(name)}, {"resolution", kResolutionClasses[i].name}},
               model.step[i]);
    }
  }
  auto first = families->Histogram("hanga_time_to_first_step_seconds",
                                   "From a job's submit to the end of its first step.");
  for (const auto& [name, model] : measures.models) {
    first.Add({{"model", ModelLabel(name)}}, model.first_step);
  }
  auto stages = families->Histogram("hanga_stage_duration_seconds",
                                    "One image's load, encode, denoise, decode and save on the "
                                    "worker, its transfer, and its publishing.");
  for (const auto& [name, model] : measures.models) {
    for (const auto& [stage, histogram] : model.stages) {
      stages.Add({{"model", ModelLabel(name)}, {"stage", stage}}, histogram);
    }
  }
}

void AddStore(const Measures& measures, Families* families) {
  families
      ->Histogram("hanga_store_commit_seconds",
                  "One commit of the job store, its fsync included; many changes share one.")
      .Add({}, measures.commit);
  families->Counter("hanga_store_changes_total", "Changes that were committed.")
      .Add(static_cast<double>(measures.committed_changes));
  families
      ->Gauge("hanga_store_writes_pending",
              "Changes that the disk refused and that are written again every second.")
      .Add(static_cast<double>(measures.writes_pending));
  families
      ->Histogram("hanga_artifact_sync_seconds",
                  "Bringing one result's bytes and folder to the disk.")
      .Add({}, measures.artifact_sync);
  families->Gauge("hanga_artifacts", "Results that are stored.")
      .Add(static_cast<double>(measures.artifacts));
  families->Gauge("hanga_artifact_bytes", "Bytes of the results that are stored.")
      .Add(static_cast<double>(measures.artifact_bytes));
}

}  // namespace

void AddSchedulerMetrics(const Measures& measures, Families* families) {
  AddJobs(measures, families);
  AddQueue(measures, families);
  AddAttempts(measures, families);
  AddWork(measures, families);
  AddStore(measures, families);
}

}  // namespace hanga
