// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/schedule.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace hanga {
namespace {

constexpr int kNowhere = -1, kHeldBack = -2;

constexpr double kNever = std::numeric_limits<double>::infinity();

bool Contains(const std::vector<uint32_t>& sorted, uint32_t value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

// The cluster as it fills while assignments are made.
class Round {
 public:
  explicit Round(const ClusterSnapshot& snapshot)
      : s_(snapshot),
        models_(s_.models),
        tenants_(s_.tenants),
        workers_(s_.workers),
        soonest_loaded_(s_.models.size(), -1) {
    for (auto& worker : workers_) {
      std::sort(worker.usable.begin(), worker.usable.end());
      std::sort(worker.loaded.begin(), worker.loaded.end());
      free_slots_ += worker.free_slots;
      if (worker.free_slots > 0) free_.push_back(static_cast<uint32_t>(&worker - workers_.data()));
    }
  }

  Assignments Run() {
    std::vector<uint32_t> order(s_.queue.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
      const auto key = [](const Candidate& c) {
        return std::tuple(-int{c.priority_class}, c.tenant, c.due_us, c.job);
      };
      return key(s_.queue[a]) < key(s_.queue[b]);
    });
    for (auto begin = order.begin(); begin != order.end();) {
      const auto end = std::find_if(begin, order.end(), [&](uint32_t i) {
        return s_.queue[i].priority_class != s_.queue[*begin].priority_class;
      });
      ServeClass(begin, end);
      begin = end;
    }
    return std::move(out_);
  }

 private:
  using Iterator = std::vector<uint32_t>::iterator;

  // The candidates of one tenant in one class that are still to be looked at.
  struct Line {
    uint32_t tenant;
    Iterator next, end;
    uint32_t taken = 0;  // tasks of *next that are assigned
  };

  void ServeClass(Iterator begin, Iterator end) {
    std::vector<Line> lines;
    for (auto it = begin; it != end;) {
      const uint32_t tenant = s_.queue[*it].tenant;
      const auto last =
          std::find_if(it, end, [&](uint32_t i) { return s_.queue[i].tenant != tenant; });
      lines.push_back({tenant, it, last});
      it = last;
    }
    const auto later = [this](const Line& a, const Line& b) {  // a heap's top is the greatest
      return std::tuple(Served(a.tenant), a.tenant) > std::tuple(Served(b.tenant), b.tenant);
    };
    std::make_heap(lines.begin(), lines.end(), later);
    while (free_slots_ > 0 && !lines.empty()) {
      std::pop_heap(lines.begin(), lines.end(), later);
      if (ServeOne(lines.back())) {
        std::push_heap(lines.begin(), lines.end(), later);
      } else {
        lines.pop_back();
      }
    }
  }

  double Served(uint32_t tenant) const { return tenants_[tenant].served; }

  // Assigns the first task of the line that can be; false if none can.
  bool ServeOne(Line& line) {
    TenantSnapshot& tenant = tenants_[line.tenant];
    if (tenant.max_running != 0 && tenant.running >= tenant.max_running) return false;
    for (; line.next != line.end; ++line.next, line.taken = 0) {
      const Candidate& candidate = s_.queue[*line.next];
      ModelSnapshot& model = models_[candidate.model];
      if (model.max_running != 0 && model.running >= model.max_running) continue;
      const int worker = ChooseWorker(candidate);
      if (worker == kHeldBack) out_.held_back.push_back(*line.next);
      if (worker < 0) continue;
      Assign(*line.next, static_cast<uint32_t>(worker), tenant, model);
      if (++line.taken == candidate.tasks) {
        ++line.next;
        line.taken = 0;
      }
      return true;
    }
    return false;
  }

  void Assign(uint32_t index, uint32_t worker_index, TenantSnapshot& tenant, ModelSnapshot& model) {
    const Candidate& candidate = s_.queue[index];
    const double seconds = candidate.shape.Work() * model.seconds_per_work;
    out_.made.push_back({index, worker_index});
    tenant.served += seconds / tenant.weight;
    ++tenant.running;
    ++model.running;
    WorkerSnapshot& worker = workers_[worker_index];
    --worker.free_slots;
    --free_slots_;
    double until_loaded = 0;
    if (!Contains(worker.loaded, candidate.model)) {
      worker.loaded.insert(
          std::lower_bound(worker.loaded.begin(), worker.loaded.end(), candidate.model),
          candidate.model);
      until_loaded = model.load_seconds;
    }
    worker.running.push_back({candidate.model, candidate.shape, until_loaded + seconds});
    if (worker.free_slots > 0) return;
    std::erase(free_, worker_index);
    for (const uint32_t loaded : worker.loaded) {
      double& soonest = soonest_loaded_[loaded];
      if (soonest >= 0) soonest = std::min(soonest, SecondsUntilRoom(worker));
    }
  }

  // The index of the best worker, or why there is none. Ties go to the first.
  int ChooseWorker(const Candidate& candidate) {
    const bool avoid = !candidate.avoid.empty() && HasUnfailedWorker(candidate);
    int best = kNowhere;
    double best_cost = kNever;
    bool best_is_loaded = false;
    for (const uint32_t i : free_) {
      const WorkerSnapshot& worker = workers_[i];
      if (worker.free_slots == 0 || !Contains(worker.usable, candidate.model) ||
          (avoid && Failed(candidate, worker)) || (candidate.alone && !worker.running.empty())) {
        continue;
      }
      const bool loaded = Contains(worker.loaded, candidate.model);
      const double cost = Cost(worker, candidate, loaded);
      if (cost < best_cost) {
        best = static_cast<int>(i);
        best_cost = cost;
        best_is_loaded = loaded;
      }
    }
    if (best < 0 || best_is_loaded || candidate.held_seconds >= s_.max_affinity_wait_seconds) {
      return best;
    }
    return SoonestLoaded(candidate.model) < models_[candidate.model].load_seconds ? kHeldBack
                                                                                  : best;
  }

  // When a full worker that has the model in memory will have room. Kept from task to task: workers
  // that fill meanwhile are added by Assign().
  double SoonestLoaded(uint32_t model) {
    double& soonest = soonest_loaded_[model];
    if (soonest >= 0) return soonest;
    soonest = kNever;
    for (const WorkerSnapshot& worker : workers_) {
      if (worker.free_slots == 0 && Contains(worker.loaded, model) &&
          Contains(worker.usable, model)) {
        soonest = std::min(soonest, SecondsUntilRoom(worker));
      }
    }
    return soonest;
  }

  bool Failed(const Candidate& candidate, const WorkerSnapshot& worker) const {
    return std::find(candidate.avoid.begin(), candidate.avoid.end(), worker.key) !=
           candidate.avoid.end();
  }

  bool HasUnfailedWorker(const Candidate& candidate) const {
    return std::any_of(workers_.begin(), workers_.end(), [&](const WorkerSnapshot& worker) {
      return Contains(worker.usable, candidate.model) && !Failed(candidate, worker);
    });
  }

  static double SecondsUntilRoom(const WorkerSnapshot& worker) {
    double soonest = kNever;
    for (const auto& task : worker.running) soonest = std::min(soonest, task.remaining_seconds);
    return soonest;
  }

  // Seconds until the task would be done there, as far as they differ between workers.
  double Cost(const WorkerSnapshot& worker, const Candidate& candidate, bool loaded) const {
    const ModelSnapshot& model = models_[candidate.model];
    double cost = loaded ? 0 : model.load_seconds;
    for (const auto& task : worker.running) {
      const bool one_batch =
          task.model == candidate.model && task.shape == candidate.shape && !candidate.alone;
      // A batch slows its members less than taking turns does.
      cost += (one_batch ? 0.5 : 1.0) * task.remaining_seconds;
    }
    // Of two that must load, the one whose own models are fewer loses less.
    return loaded ? cost : cost + 1e-3 * static_cast<double>(1 + worker.loaded.size());
  }

  const ClusterSnapshot& s_;
  std::vector<ModelSnapshot> models_;
  std::vector<TenantSnapshot> tenants_;
  std::vector<WorkerSnapshot> workers_;
  uint64_t free_slots_ = 0;
  std::vector<uint32_t> free_;          // workers with a free slot, ascending
  std::vector<double> soonest_loaded_;  // by model; negative: not asked yet
  Assignments out_;
};

}  // namespace

Assignments Schedule(const ClusterSnapshot& snapshot) { return Round(snapshot).Run(); }

}  // namespace hanga
