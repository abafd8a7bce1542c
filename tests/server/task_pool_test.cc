// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/notification.h"
#include "server/steady_time.h"
#include "server/timers.h"

namespace hanga {
namespace {

TEST(TaskPoolTest, RunsEverythingBeforeItEnds) {
  std::atomic<int> runs = 0;
  {
    TaskPool pool(3);
    for (int i = 0; i < 1000; ++i) pool.Run([&] { ++runs; });
  }
  EXPECT_EQ(runs, 1000);
}

TEST(TaskPoolTest, WaitsForTasksThatAreRunning) {
  TaskPool pool(2);
  absl::Notification go;
  std::atomic<bool> done = false;
  pool.Run([&] {
    go.WaitForNotification();
    pool.Run([&] { done = true; });
  });
  go.Notify();
  pool.WaitUntilIdle();
  EXPECT_TRUE(done);
}

TEST(DoorbellTest, MakesOneRunOfManyRingsAndAnotherOfRingsMeanwhile) {
  TaskPool pool(2);
  absl::Notification started, go;
  std::atomic<int> runs = 0;
  const auto bell = std::make_shared<Doorbell>(&pool, [&] {
    if (++runs > 1) return;
    started.Notify();
    go.WaitForNotification();
  });
  bell->Ring();
  started.WaitForNotification();
  for (int i = 0; i < 100; ++i) bell->Ring();
  go.Notify();
  pool.WaitUntilIdle();
  EXPECT_EQ(runs, 2);
}

TEST(DoorbellTest, NeverRunsTwiceAtATime) {
  TaskPool pool(4);
  std::atomic<int> inside = 0, most = 0;
  const auto bell = std::make_shared<Doorbell>(&pool, [&] {
    most = std::max(most.load(), ++inside);
    --inside;
  });
  std::vector<std::thread> ringers;
  for (int i = 0; i < 4; ++i) {
    ringers.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) bell->Ring();
    });
  }
  for (auto& ringer : ringers) ringer.join();
  pool.WaitUntilIdle();
  EXPECT_EQ(most, 1);
}

TEST(TimersTest, CallsInTheOrderOfTheirTimes) {
  Timers timers;
  std::vector<int> order;
  absl::Notification done;
  const absl::Duration begin = SteadyNow();
  timers.After(absl::Milliseconds(20), [&] {
    order.push_back(2);
    done.Notify();
  });
  timers.After(absl::Milliseconds(5), [&] { order.push_back(1); });
  timers.After(absl::Hours(1), [&] { order.push_back(3); });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_GE(SteadyNow() - begin, absl::Milliseconds(20));
}

}  // namespace
}  // namespace hanga
