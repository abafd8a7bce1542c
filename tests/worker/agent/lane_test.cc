// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/lane.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/synchronization/notification.h"

namespace hanga {
namespace {

TEST(LaneTest, RunsJobsInTheirOrderOnItsThread) {
  std::vector<int> order;
  absl::Notification done;
  Lane lane;
  lane.Start();
  lane.Post([&] { order.push_back(1); });
  lane.Post([&] { order.push_back(2); });
  lane.Post([&] { done.Notify(); });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(LaneTest, DropsWhatHasNotBegunWhenItStops) {
  Lane lane;
  bool ran = false;
  lane.Post([&] { ran = true; });
  lane.Stop();
  EXPECT_FALSE(lane.RunOne());
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace hanga
