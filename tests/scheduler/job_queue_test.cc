// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_queue.h"

#include <gmock/gmock.h>

#include <map>
#include <random>

namespace hanga {
namespace {

using testing::ElementsAre;

std::vector<JobId> JobsOf(const QueueLine& line) {
  std::vector<JobId> jobs;
  line.ForEach([&](const QueueKey& key, uint32_t) { return jobs.push_back(key.job), true; });
  return jobs;
}

TEST(QueueLineTest, KeepsTheOrderOfDueTimesThenNumbers) {
  QueueLine line;
  line.Set({30, 1}, 1);
  line.Set({10, 3}, 1);
  line.Set({10, 2}, 2);
  EXPECT_THAT(JobsOf(line), ElementsAre(2, 3, 1));
  EXPECT_EQ(line.tasks(), 4U);
  EXPECT_EQ(line.TasksBefore({30, 1}), 3U);
  line.Set({10, 2}, 0);
  EXPECT_THAT(JobsOf(line), ElementsAre(3, 1));
  line.Set({99, 9}, 0);  // not there: nothing changes
  EXPECT_EQ(line.tasks(), 2U);
}

// Against a sorted map, over sizes at which chunks split and vanish.
TEST(QueueLineTest, AgreesWithASortedMapOverRandomChanges) {
  std::mt19937_64 random(7);
  std::map<QueueKey, uint32_t> expected;
  QueueLine line;
  for (int i = 0; i < 20'000; ++i) {
    const bool grow = i < 12'000;
    const QueueKey key{static_cast<int64_t>(random() % 3'000), random() % 3};
    const auto tasks = static_cast<uint32_t>(random() % (grow ? 4 : 2));
    line.Set(key, tasks);
    if (tasks == 0) {
      expected.erase(key);
    } else {
      expected[key] = tasks;
    }
  }
  uint64_t before = 0;
  auto next = expected.begin();
  line.ForEach([&](const QueueKey& key, uint32_t tasks) {
    EXPECT_EQ(key, next->first);
    EXPECT_EQ(tasks, next->second);
    if (before % 97 == 0) {
      EXPECT_EQ(line.TasksBefore(key), before);
    }
    before += tasks;
    ++next;
    return true;
  });
  EXPECT_EQ(next, expected.end());
  EXPECT_EQ(line.tasks(), before);
}

TEST(JobQueueTest, DropsLinesThatAreEmptyAndCountsPerTenant) {
  JobQueue queue;
  queue.Set({1, 0, 0}, {1, 1}, 3);
  queue.Set({1, 1, 0}, {1, 2}, 5);
  EXPECT_EQ(queue.tasks(), 8U);
  EXPECT_EQ(queue.TasksOf(1), 5U);
  queue.Set({1, 1, 0}, {1, 2}, 0);
  EXPECT_EQ(queue.TasksOf(1), 0U);
  EXPECT_EQ(queue.lines().size(), 1U);
}

TEST(JobQueueTest, PlacesAJobBehindHigherClassesAndAShareOfOtherTenants) {
  JobQueue queue;
  queue.Set({3, 9, 0}, {50, 1}, 4);  // a higher class, though due later
  queue.Set({2, 0, 0}, {10, 2}, 2);  // its own tenant, before it
  queue.Set({2, 0, 0}, {20, 3}, 1);  // the job
  queue.Set({2, 0, 0}, {30, 4}, 7);  // its own tenant, behind it
  queue.Set({2, 1, 0}, {10, 5}, 100);
  queue.Set({1, 2, 0}, {1, 6}, 50);  // a lower class
  const auto even = [](uint32_t) { return 1.0; };
  EXPECT_EQ(queue.Position({2, 0, 0}, {20, 3}, even), 4U + 2 + 2);
  const auto heavy_other = [](uint32_t tenant) { return tenant == 1 ? 10.0 : 1.0; };
  EXPECT_EQ(queue.Position({2, 0, 0}, {20, 3}, heavy_other), 4U + 2 + 20);
}

}  // namespace
}  // namespace hanga
