// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Everything that is counted, as of one instant.
#include <algorithm>

#include "scheduler/core.h"

namespace hanga {

Measures Core::measures() {
  const StoreMeasures store = store_->measures();
  absl::MutexLock lock(&mu_);
  Measures out = measures_;
  out.commits = store.commits;
  out.committed_changes = store.changes;
  out.commit = store.commit;
  out.writes_pending = failed_writes_.size();
  out.tasks_waiting = queue_.tasks();
  for (const auto& [line, entries] : queue_.lines()) {
    out.classes[line.priority_class].tasks_waiting += entries.tasks();
  }
  for (size_t i = 0; i < queued_.size(); ++i) {
    if (queued_[i].empty()) continue;
    const int64_t created_us = jobs_[*queued_[i].begin()]->created_us;
    out.classes[i].oldest_queued = absl::Microseconds(NowUs() - created_us);
    out.oldest_queued = std::max(out.oldest_queued, out.classes[i].oldest_queued);
  }
  for (uint32_t i = 0; i < models_.size(); ++i) {
    if (models_.offered(i)) out.models[models_.name(i)];  // also before its first job
  }
  out.workers = MeasureWorkers();
  out.workers_in_all = workers_.size();
  out.workers_ready = static_cast<uint64_t>(usable_workers_);
  out.artifacts = totals_.count;
  out.artifact_bytes = totals_.bytes;
  out.since_last_round = Elapsed() - last_round_;
  return out;
}

std::vector<WorkerMeasures> Core::MeasureWorkers() const {
  std::vector<WorkerMeasures> out;
  for (const auto& [id, worker] : workers_) {
    WorkerMeasures& measures = out.emplace_back();
    measures.id = id;
    measures.state = StateOf(worker);
    for (uint32_t i = 0; i < models_.size() && !measures.usable; ++i) {
      measures.usable = worker.takes_tasks() && MayRun(i, worker);
    }
    for (uint32_t i = 0; i < models_.size() && worker.connected_now(); ++i) {
      const bool said = models_.ReportOf(i, id) != nullptr;
      if (models_.offered(i) && !said) measures.examines.push_back(models_.name(i));
    }
    measures.problem = worker.problem;
    if (measures.problem.empty() && !worker.connected_now()) {
      measures.problem = worker.process.problem;
    }
    measures.device = worker.hello.has_device() ? worker.hello.device() : worker.process.device;
    if (worker.free_bytes != 0) measures.device.set_free_bytes(worker.free_bytes);
    measures.restarts = worker.process.restarts;
    measures.tasks_running = worker.tasks.size();
    measures.tasks_finished = worker.tasks_finished;
    measures.tasks_failed = worker.tasks_failed;
    measures.stats = worker.stats;
    if (!worker.connected_now()) measures.stats.clear_loading();
    AddPlacements(id, &measures.stats);
  }
  return out;
}

// What the worker reported of the models that it holds.
void Core::AddPlacements(const std::string& worker, v1::WorkerStats* stats) const {
  uint64_t weight_bytes = 0;
  for (uint32_t i = 0; i < models_.size(); ++i) {
    const v1::ModelReport* report = models_.ReportOf(i, worker);
    if (report == nullptr || !report->loaded()) continue;
    const v1::ModelPlacement& placement = report->placement();
    weight_bytes += std::max(placement.resident_bytes(), report->resident_bytes());
    // Of the sizes that the plan is about, the one that was drawn most.
    const v1::StepTimes* most = nullptr;
    for (const v1::StepTimes& times : placement.step_times()) {
      if (times.predicted_seconds() > 0 && (most == nullptr || times.steps() > most->steps())) {
        most = &times;
      }
    }
    if (most == nullptr) continue;
    v1::StepStats& step = *stats->add_steps();
    step.set_model(models_.name(i));
    step.set_predicted_seconds(most->predicted_seconds());
    step.set_measured_seconds(most->measured_seconds());
  }
  if (stats->weight_bytes() == 0) stats->set_weight_bytes(weight_bytes);
}

void Core::ObserveSync(absl::Duration took) {
  absl::MutexLock lock(&mu_);
  measures_.artifact_sync.Observe(took);
}

}  // namespace hanga
