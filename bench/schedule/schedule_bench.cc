// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-schedule-bench [--gpus N] [--jobs N] [--backlog N]: a discrete-event simulation of a
// cluster under Schedule(). Jobs of several tenants and models arrive as fast as the cluster can
// serve them, behind a backlog; a GPU that lacks a model loads it first. Prints flat JSON: what
// scheduling costs in processor time (which a busy machine does not change), how much of the GPUs'
// time was used, and how often a model was loaded.
#include <CLI/CLI.hpp>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <queue>
#include <random>
#include <vector>

#include "scheduler/job_queue.h"
#include "scheduler/schedule.h"

namespace hanga {
namespace {

constexpr uint32_t kModels = 8, kTenants = 50;
constexpr double kLoadSeconds = 12, kSecondsPerWork = 1e-7;
constexpr WorkShape kShape = {1024, 1024, 28, false};  // 2.9 s

// Of this thread.
double CpuSeconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

struct Event {
  double time;
  uint32_t gpu;  // becomes free
  friend bool operator>(const Event& a, const Event& b) { return a.time > b.time; }
};

struct Simulated {
  uint32_t model, tenant;
  double held_since = -1;  // by affinity
};

class Simulation {
 public:
  Simulation(uint32_t gpus, uint64_t jobs, uint64_t backlog) : jobs_(jobs), backlog_(backlog) {
    snapshot_.max_affinity_wait_seconds = 30;
    snapshot_.models.assign(kModels, {kLoadSeconds, kSecondsPerWork, 0, 0});
    snapshot_.tenants.resize(kTenants);
    for (uint32_t i = 0; i < kTenants; ++i) snapshot_.tenants[i].weight = 1 + i % 3;
    snapshot_.workers.resize(gpus);
    for (uint32_t i = 0; i < gpus; ++i) {
      WorkerSnapshot& worker = snapshot_.workers[i];
      worker.key = i + 1;
      worker.free_slots = 1;
      for (uint32_t m = 0; m < kModels; ++m) worker.usable.push_back(m);
    }
    free_.assign(gpus, true);
  }

  void Run() {
    while (finished_ < jobs_) {
      while (made_ < jobs_ && queue_.tasks() < backlog_) {
        Arrive();
        if (made_ == jobs_) unfairness_ = Unfairness();
      }
      while (ScheduleOnce()) {
      }
      // All that end within a moment are served by one round, as the dispatcher does.
      const double until = events_.top().time + 0.01;
      while (!events_.empty() && events_.top().time <= until) Finish();
    }
  }

  void Print() const {
    const double gpu_seconds = now_ * static_cast<double>(snapshot_.workers.size());
    std::printf(
        "{\"schedule_us_per_job\": %.2f, \"schedule_ms_per_round_max\": %.2f, \"rounds\": %lu, "
        "\"gpu_time_used\": %.4f, \"model_loads\": %lu, \"simulated_hours\": %.2f, "
        "\"unfairness\": %.3f}\n",
        1e6 * schedule_s_ / static_cast<double>(finished_), 1e3 * longest_s_, rounds_,
        static_cast<double>(finished_) * kShape.Work() * kSecondsPerWork / gpu_seconds, loads_,
        now_ / 3600, unfairness_);
  }

 private:
  void Arrive() {
    // Few models make most of the load.
    const uint32_t model = std::min<uint32_t>(kModels - 1, static_cast<uint32_t>(skew_(random_)));
    // Every tenant always has something waiting.
    uint32_t tenant = 0;
    for (uint32_t t = 1; t < kTenants; ++t) {
      if (queue_.TasksOf(t) < queue_.TasksOf(tenant)) tenant = t;
    }
    simulated_.push_back({model, tenant});
    const JobId id = ++made_;
    Put(id, 1);
  }

  void Put(JobId id, uint32_t tasks) {
    const Simulated& job = simulated_[id - 1];
    queue_.Set({2, job.tenant, job.model}, {static_cast<int64_t>(id), id}, tasks);
  }

  bool ScheduleOnce() {
    const double begin = CpuSeconds();
    Collect();
    const auto assignments = Schedule(snapshot_);
    for (const uint32_t held : assignments.held_back) {
      double& since = simulated_[snapshot_.queue[held].job - 1].held_since;
      if (since < 0) since = now_;
    }
    for (const Assignment& a : assignments.made) Apply(a);
    const double took = CpuSeconds() - begin;
    schedule_s_ += took;
    longest_s_ = std::max(longest_s_, took);
    ++rounds_;
    return !assignments.made.empty();
  }

  void Collect() {
    snapshot_.queue.clear();
    const auto free_slots = static_cast<uint64_t>(std::count(free_.begin(), free_.end(), true));
    if (free_slots == 0) return;
    const uint64_t per_line = 8 + 4 * free_slots / std::max<size_t>(queue_.lines().size(), 1);
    for (const auto& [id, line] : queue_.lines()) {
      uint64_t taken = 0;
      line.ForEach([&](const QueueKey& key, uint32_t) {
        Candidate& c = snapshot_.queue.emplace_back();
        c.job = key.job;
        c.priority_class = id.priority_class;
        c.tenant = id.tenant;
        c.model = id.model;
        c.due_us = key.due_us;
        const double held = simulated_[key.job - 1].held_since;
        if (held >= 0) c.held_seconds = now_ - held;
        c.shape = kShape;
        return ++taken < per_line;
      });
    }
    for (auto& worker : snapshot_.workers) {
      if (!worker.running.empty()) {
        worker.running[0].remaining_seconds = std::max(0.0, ends_[worker.key - 1] - now_);
      }
    }
  }

  void Apply(const Assignment& a) {
    const Candidate& job = snapshot_.queue[a.candidate];
    WorkerSnapshot& worker = snapshot_.workers[a.worker];
    double seconds = kShape.Work() * kSecondsPerWork;
    snapshot_.tenants[job.tenant].served += seconds / snapshot_.tenants[job.tenant].weight;
    if (worker.loaded.empty() || worker.loaded[0] != job.model) {
      worker.loaded = {job.model};
      seconds += kLoadSeconds;
      ++loads_;
    }
    worker.free_slots = 0;
    free_[a.worker] = false;
    worker.running = {{job.model, kShape, seconds}};
    ends_.resize(snapshot_.workers.size());
    ends_[a.worker] = now_ + seconds;
    events_.push({now_ + seconds, a.worker});
    Put(job.job, 0);
  }

  void Finish() {
    now_ = std::max(now_, events_.top().time);
    const uint32_t gpu = events_.top().gpu;
    events_.pop();
    snapshot_.workers[gpu].free_slots = 1;
    snapshot_.workers[gpu].running.clear();
    free_[gpu] = true;
    ++finished_;
  }

  // The best served tenant against the worst, by weight; 1 is even.
  double Unfairness() const {
    double least = 1e300, most = 0;
    for (const auto& tenant : snapshot_.tenants) {
      least = std::min(least, tenant.served);
      most = std::max(most, tenant.served);
    }
    return least > 0 ? most / least : 0;  // 0: too few jobs to say
  }

  const uint64_t jobs_, backlog_;
  ClusterSnapshot snapshot_;
  JobQueue queue_;
  std::vector<Simulated> simulated_;
  std::vector<bool> free_;
  std::vector<double> ends_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::mt19937_64 random_{1};
  std::geometric_distribution<int> skew_{0.4};
  double now_ = 0, schedule_s_ = 0, longest_s_ = 0;
  double unfairness_ = 0;  // while every tenant had something waiting
  uint64_t made_ = 0, finished_ = 0, rounds_ = 0, loads_ = 0;
};

}  // namespace
}  // namespace hanga

int main(int argc, char** argv) {
  uint32_t gpus = 1'000;
  uint64_t jobs = 1'000'000, backlog = 100'000;
  CLI::App app("Simulates a cluster under Hanga's schedule");
  app.add_option("--gpus", gpus);
  app.add_option("--jobs", jobs);
  app.add_option("--backlog", backlog);
  CLI11_PARSE(app, argc, argv);
  hanga::Simulation simulation(gpus, jobs, backlog);
  simulation.Run();
  simulation.Print();
  return 0;
}
