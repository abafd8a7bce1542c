// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which waiting task goes to which worker: a pure function of a snapshot. Same snapshot, same
// answer; the caller applies it and may find that a worker refuses.
//
// In this order:
// 1. A task of a higher priority class before any of a lower one.
// 2. Among a class, the tenant that has had the least worker time for its weight.
// 3. Of a tenant, the job that is due first (its deadline, or a fixed time after its submission).
// 4. For that task, the worker: one that has the model in memory and room beside tasks of the same
//    shape (they step as one batch), then an idle one that has it, then one that must load it.
//    Loading waits while a worker that has the model is predicted to be free sooner than the load
//    would take, and no longer than max_affinity_wait.
// A task never goes to a worker on which it failed while another that could run it is there.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace hanga {

// What decides whether tasks may step as one batch, and how long a task takes.
struct WorkShape {
  uint32_t width = 0, height = 0, steps = 0;
  bool two_passes = false;  // classifier-free guidance
  friend bool operator==(const WorkShape&, const WorkShape&) = default;

  // Pixels times evaluations: what time is proportional to.
  double Work() const { return static_cast<double>(width) * height * steps * (two_passes ? 2 : 1); }
};

struct ModelSnapshot {
  double load_seconds = 0;      // measured, or a guess
  double seconds_per_work = 0;  // measured, or a guess; see WorkShape
  uint32_t running = 0;
  uint32_t max_running = 0;  // 0: no limit
};

struct TenantSnapshot {
  double weight = 1;
  double served = 0;  // worker seconds for weight 1, since it was last idle
  uint32_t running = 0;
  uint32_t max_running = 0;  // 0: no limit
};

struct WorkerSnapshot {
  struct Running {
    uint32_t model = 0;
    WorkShape shape;
    double remaining_seconds = 0;  // predicted
  };
  uint64_t key = 0;  // the caller's name of it, in Candidate::avoid
  uint32_t free_slots = 0;
  std::vector<uint32_t> usable;  // models it can run, ascending
  std::vector<uint32_t> loaded;  // of these, in memory now
  std::vector<Running> running;
};

// Waiting tasks of one job.
struct Candidate {
  uint64_t job = 0;
  uint8_t priority_class = 0;  // higher goes first
  uint32_t tenant = 0, model = 0;
  int64_t due_us = 0;
  double held_seconds = 0;  // since affinity first held it back; 0: it has not yet
  uint32_t tasks = 1;
  WorkShape shape;
  bool alone = false;           // must not be batched with other jobs
  std::vector<uint64_t> avoid;  // workers on which its next task failed
};

struct ClusterSnapshot {
  std::vector<ModelSnapshot> models;
  std::vector<TenantSnapshot> tenants;
  std::vector<WorkerSnapshot> workers;
  std::vector<Candidate> queue;  // in any order; not necessarily all that wait
  double max_affinity_wait_seconds = 30;
};

struct Assignment {
  uint32_t candidate = 0, worker = 0;  // indices into the snapshot
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

struct Assignments {
  std::vector<Assignment> made;     // one per task, in the order of decision
  std::vector<uint32_t> held_back;  // candidates that affinity alone keeps from a free worker
};

Assignments Schedule(const ClusterSnapshot& snapshot);

}  // namespace hanga
