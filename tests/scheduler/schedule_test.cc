// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/schedule.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

namespace hanga {
namespace {

constexpr WorkShape kShape = {1000, 1000, 10, false};  // 1e7 of work: 10 s at the snapshots' pace

ClusterSnapshot Cluster(size_t models, size_t tenants, size_t workers) {
  ClusterSnapshot s;
  for (size_t i = 0; i < models; ++i) s.models.push_back({10, 1e-6, 0, 0});
  s.tenants.resize(tenants);
  for (size_t i = 0; i < workers; ++i) {
    WorkerSnapshot& worker = s.workers.emplace_back();
    worker.key = i + 1;
    worker.free_slots = 1;
    for (uint32_t m = 0; m < models; ++m) worker.usable.push_back(m);
  }
  return s;
}

Candidate Job(uint64_t id, uint32_t model = 0, uint32_t tenant = 0, uint8_t priority = 2) {
  Candidate c;
  c.job = id;
  c.model = model;
  c.tenant = tenant;
  c.priority_class = priority;
  c.due_us = static_cast<int64_t>(id);
  c.shape = kShape;
  return c;
}

std::vector<uint64_t> Jobs(const ClusterSnapshot& s) {
  std::vector<uint64_t> jobs;
  for (const auto& a : Schedule(s).made) jobs.push_back(s.queue[a.candidate].job);
  return jobs;
}

TEST(ScheduleTest, TakesTheHigherClassFirst) {
  auto s = Cluster(1, 1, 1);
  s.queue = {Job(1, 0, 0, 1), Job(2, 0, 0, 3), Job(3, 0, 0, 2)};
  EXPECT_THAT(Jobs(s), testing::ElementsAre(2));
}

TEST(ScheduleTest, TakesTheEarliestDueOfATenant) {
  auto s = Cluster(1, 1, 2);
  s.queue = {Job(3), Job(1), Job(2)};
  EXPECT_THAT(Jobs(s), testing::ElementsAre(1, 2));
}

TEST(ScheduleTest, SharesByWeight) {
  auto s = Cluster(1, 2, 40);
  s.tenants[0].weight = 3;
  for (uint64_t i = 0; i < 100; ++i) s.queue.push_back(Job(i, 0, static_cast<uint32_t>(i % 2)));
  std::map<uint32_t, int> served;
  for (const auto& a : Schedule(s).made) ++served[s.queue[a.candidate].tenant];
  EXPECT_EQ(served[0], 30);
  EXPECT_EQ(served[1], 10);
}

TEST(ScheduleTest, PrefersTheWorkerThatHasTheModel) {
  auto s = Cluster(2, 1, 3);
  s.workers[2].loaded = {1};
  s.queue = {Job(1, 1)};
  EXPECT_EQ(Schedule(s).made.at(0).worker, 2U);
}

TEST(ScheduleTest, WaitsForAWarmWorkerOnlyIfThatIsSoonerThanLoading) {
  auto s = Cluster(1, 1, 2);
  s.workers[0].loaded = {0};
  s.workers[0].free_slots = 0;
  s.workers[0].running = {{0, kShape, 4}};
  s.queue = {Job(1)};
  EXPECT_TRUE(Schedule(s).made.empty()) << "4 s of waiting cost less than 10 s of loading";
  EXPECT_THAT(Schedule(s).held_back, testing::ElementsAre(0));
  s.workers[0].running[0].remaining_seconds = 40;
  EXPECT_EQ(Schedule(s).made.at(0).worker, 1U);
  s.workers[0].running[0].remaining_seconds = 4;
  s.queue[0].held_seconds = 31;
  EXPECT_EQ(Schedule(s).made.at(0).worker, 1U) << "affinity may not hold a task back for ever";
}

TEST(ScheduleTest, LetsALowerClassUseWhatAHeldBackTaskLeaves) {
  auto s = Cluster(2, 1, 2);
  s.workers[0].loaded = {0};
  s.workers[0].free_slots = 0;
  s.workers[0].running = {{0, kShape, 4}};
  s.queue = {Job(1, 0, 0, 3), Job(2, 1, 0, 1)};
  EXPECT_THAT(Jobs(s), testing::ElementsAre(2));
}

TEST(ScheduleTest, BatchesTasksOfOneShape) {
  auto s = Cluster(1, 1, 2);
  for (auto& worker : s.workers) {
    worker.free_slots = 2;
    worker.loaded = {0};
  }
  const WorkShape other = {512, 512, 10, false};
  s.workers[0].running = {{0, other, 5}};
  s.workers[1].running = {{0, kShape, 5}};
  s.queue = {Job(1)};
  EXPECT_EQ(Schedule(s).made.at(0).worker, 1U);
  s.queue[0].alone = true;
  EXPECT_TRUE(Schedule(s).made.empty()) << "it must not be batched with others";
}

TEST(ScheduleTest, AvoidsTheWorkerOnWhichItFailed) {
  auto s = Cluster(1, 1, 2);
  s.queue = {Job(1)};
  s.queue[0].avoid = {1};
  EXPECT_EQ(Schedule(s).made.at(0).worker, 1U);
  s.queue[0].avoid = {1, 2};
  EXPECT_EQ(Schedule(s).made.size(), 1U) << "with no other left, any will do";
  s.queue[0].avoid = {1};
  s.workers[1].free_slots = 0;
  EXPECT_TRUE(Schedule(s).made.empty()) << "it waits for the other";
}

TEST(ScheduleTest, KeepsToTheLimitsOfModelAndTenant) {
  auto s = Cluster(2, 2, 8);
  s.models[0].max_running = 2;
  s.tenants[1].max_running = 1;
  for (uint64_t i = 0; i < 6; ++i) s.queue.push_back(Job(i, 0, 0));
  for (uint64_t i = 6; i < 9; ++i) s.queue.push_back(Job(i, 1, 1));
  std::map<uint32_t, int> by_model;
  for (const auto& a : Schedule(s).made) ++by_model[s.queue[a.candidate].model];
  EXPECT_EQ(by_model[0], 2);
  EXPECT_EQ(by_model[1], 1);
}

ClusterSnapshot RandomCluster(std::mt19937& random) {
  const auto below = [&random](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  auto s = Cluster(1 + below(4), 1 + below(5), below(12));
  for (auto& model : s.models) {
    model.load_seconds = below(30);
    model.max_running = below(2) * below(6);
  }
  for (auto& tenant : s.tenants) {
    tenant.weight = 1 + below(5);
    tenant.max_running = below(2) * below(6);
  }
  for (auto& worker : s.workers) {
    worker.free_slots = below(4);
    std::erase_if(worker.usable, [&](uint32_t) { return below(4) == 0; });
    for (const uint32_t m : worker.usable) {
      if (below(2) == 0) worker.loaded.push_back(m);
    }
    for (uint32_t i = below(3); i > 0; --i) {
      worker.running.push_back(
          {below(static_cast<uint32_t>(s.models.size())), kShape, static_cast<double>(below(20))});
    }
  }
  for (uint64_t i = below(40); i > 0; --i) {
    auto job =
        Job(i, below(static_cast<uint32_t>(s.models.size())),
            below(static_cast<uint32_t>(s.tenants.size())), static_cast<uint8_t>(1 + below(3)));
    job.tasks = 1 + below(4);
    job.held_seconds = below(60);
    job.alone = below(5) == 0;
    if (below(4) == 0) job.avoid.push_back(1 + below(12));
    s.queue.push_back(job);
  }
  return s;
}

TEST(ScheduleTest, HoldsItsPromisesOnRandomClusters) {
  std::mt19937 random(7);
  for (int round = 0; round < 3'000; ++round) {
    const auto s = RandomCluster(random);
    const auto assignments = Schedule(s).made;
    ASSERT_EQ(assignments, Schedule(s).made) << "the same snapshot, the same answer";
    std::map<uint32_t, uint32_t> by_worker, by_job, by_model, by_tenant;
    for (const auto& a : assignments) {
      const Candidate& job = s.queue.at(a.candidate);
      const auto& usable = s.workers.at(a.worker).usable;
      EXPECT_EQ(std::count(usable.begin(), usable.end(), job.model), 1);
      EXPECT_LE(++by_worker[a.worker], s.workers[a.worker].free_slots);
      EXPECT_LE(++by_job[a.candidate], job.tasks);
      ++by_model[job.model];
      ++by_tenant[job.tenant];
      EXPECT_TRUE(!job.alone || s.workers[a.worker].running.empty());
    }
    for (const auto& [m, n] : by_model) {
      EXPECT_TRUE(s.models[m].max_running == 0 || n <= s.models[m].max_running);
    }
    for (const auto& [t, n] : by_tenant) {
      EXPECT_TRUE(s.tenants[t].max_running == 0 || n <= s.tenants[t].max_running);
    }
  }
}

// Whatever could run somewhere does, once it has waited as long as affinity may hold it.
TEST(ScheduleTest, LeavesNoFreeSlotToATaskThatHasWaited) {
  std::mt19937 random(8);
  for (int round = 0; round < 1'000; ++round) {
    auto s = RandomCluster(random);
    for (auto& model : s.models) model.max_running = 0;
    for (auto& tenant : s.tenants) tenant.max_running = 0;
    for (auto& job : s.queue) {
      job.held_seconds = 100;
      job.alone = false;
      job.avoid.clear();
    }
    std::map<uint32_t, uint32_t> used, assigned;
    for (const auto& a : Schedule(s).made) {
      ++used[a.worker];
      ++assigned[a.candidate];
    }
    for (uint32_t j = 0; j < s.queue.size(); ++j) {
      if (assigned[j] == s.queue[j].tasks) continue;
      for (uint32_t w = 0; w < s.workers.size(); ++w) {
        const auto& usable = s.workers[w].usable;
        const bool could = std::count(usable.begin(), usable.end(), s.queue[j].model) > 0;
        EXPECT_FALSE(could && used[w] < s.workers[w].free_slots);
      }
    }
  }
}

}  // namespace
}  // namespace hanga
