// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/handover/hand_over.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "tests/worker/handover/two_ranks.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;
using testing::ServedRanks;

// Each block of "steps" adds its index and a tenth.
absl::Status Steps(const std::string&, size_t begin, size_t end, Row* row) {
  for (size_t i = begin; i < end; ++i) (*row)[0] = (*row)[0] * 10 + static_cast<double>(i);
  return absl::OkStatus();
}

Row One(double value) { return {at::full({1}, value, at::kDouble), at::Tensor()}; }

TEST(HandOverTest, StatesGoThroughThreeRanksInOrder) {
  ServedRanks ranks(3);
  ranks.Add(1, {{"steps", {{0, 1, 2}, {1, 2, 3}, {2, 3, 5}}}}, Steps);
  const auto ticket = ranks.leader().Launch(1, "steps", One(0));
  ASSERT_TRUE(ticket.ok());
  const auto row = ranks.leader().Await(*ticket);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ((*row)[0].item<double>(), 1234);
  EXPECT_FALSE((*row)[1].defined()) << "undefined tensors stay undefined";
}

TEST(HandOverTest, ARouteMayBeginElsewhereAndComeBackToTheLeaderInBetween) {
  ServedRanks ranks(2);
  ranks.Add(1, {{"steps", {{1, 1, 2}, {0, 2, 3}, {1, 3, 4}, {0, 4, 5}}}}, Steps);
  std::vector<uint64_t> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(*ranks.leader().Launch(1, "steps", One(i)));
  for (int i = 0; i < 3; ++i) {
    const auto row = ranks.leader().Await(tickets[i]);
    ASSERT_TRUE(row.ok()) << row.status();
    EXPECT_EQ((*row)[0].item<double>(), 10000 * i + 1234);
  }
}

// Rank 1 holds the first state until the leader has launched the second one: with one state on its
// way at a time this would wait for ever.
TEST(HandOverTest, SeveralStatesAreOnTheirWayAtOnce) {
  ServedRanks ranks(2);
  absl::Notification second_launched;
  std::atomic<int> on_leader = 0;
  const auto run = [&](const std::string& network, size_t begin, size_t end, Row* row) {
    if (begin > 1) second_launched.WaitForNotification();
    if (begin == 1 && ++on_leader == 2) second_launched.Notify();
    return Steps(network, begin, end, row);
  };
  ranks.Add(1, {{"steps", {{0, 1, 2}, {1, 2, 3}}}}, run);
  const auto first = ranks.leader().Launch(1, "steps", One(0));
  const auto second = ranks.leader().Launch(1, "steps", One(5));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ((*ranks.leader().Await(*first))[0].item<double>(), 12);
  EXPECT_EQ((*ranks.leader().Await(*second))[0].item<double>(), 512);
}

TEST(HandOverTest, WhatARanksBlocksFailWithComesToTheLeaderAndBreaksNothing) {
  ServedRanks ranks(2);
  std::atomic<int> runs = 0;
  const auto run = [&](const std::string& network, size_t begin, size_t end, Row* row) {
    if (begin == 2 && ++runs == 1) return absl::ResourceExhaustedError("out of device memory");
    return Steps(network, begin, end, row);
  };
  ranks.Add(1, {{"steps", {{0, 1, 2}, {1, 2, 3}}}}, run);
  const auto failed = ranks.leader().Await(*ranks.leader().Launch(1, "steps", One(0)));
  EXPECT_TRUE(absl::IsResourceExhausted(failed.status()));
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("rank 1: out of device memory"));
  EXPECT_TRUE(ranks.leader().Await(*ranks.leader().Launch(1, "steps", One(0))).ok());
}

TEST(HandOverTest, ARankThatGoesWhileAStateIsWithItEndsTheWait) {
  ServedRanks ranks(2);
  const auto run = [&](const std::string& network, size_t begin, size_t end, Row* row) {
    if (begin == 2) ranks[1].Abort("killed");
    return Steps(network, begin, end, row);
  };
  ranks.Add(1, {{"steps", {{0, 1, 2}, {1, 2, 3}}}}, run);
  const auto row = ranks.leader().Await(*ranks.leader().Launch(1, "steps", One(0)));
  EXPECT_TRUE(absl::IsAborted(row.status())) << row.status();
  EXPECT_TRUE(absl::IsAborted(ranks.leader().Launch(1, "steps", One(0)).status()));
}

TEST(HandOverTest, NonsenseFromARankBreaksTheGroup) {
  for (const std::string& nonsense :
       {std::string(), std::string("S"), std::string("F12"), std::string("?what"),
        std::string("S") + std::string(24, '\xff'), std::string("S") + std::string(24, '\0')}) {
    ServedRanks ranks(2);
    absl::Notification over;
    const auto run = [&](const std::string&, size_t, size_t, Row*) {
      EXPECT_TRUE(ranks[1].SendMessage(0, nonsense).ok());
      over.WaitForNotification();
      return absl::OkStatus();
    };
    ranks.Add(1, {{"steps", {{1, 1, 2}}}}, run);
    const auto row = ranks.leader().Await(*ranks.leader().Launch(1, "steps", One(0)));
    over.Notify();
    EXPECT_TRUE(absl::IsAborted(row.status())) << row.status();
  }
}

TEST(HandOverTest, WhatIsForgottenIsDroppedWhenItComes) {
  ServedRanks ranks(2);
  ranks.Add(1, {{"steps", {{0, 1, 2}, {1, 2, 3}}}}, Steps);
  const auto forgotten = ranks.leader().Launch(1, "steps", One(0));
  const auto awaited = ranks.leader().Launch(1, "steps", One(5));
  ranks.leader().Forget(*forgotten);
  EXPECT_EQ((*ranks.leader().Await(*awaited))[0].item<double>(), 512);
}

TEST(HandOverTest, AModelIsRemovedOnceItsStatesAreBack) {
  ServedRanks ranks(2);
  std::atomic<int> runs = 0;
  const auto run = [&](const std::string& network, size_t begin, size_t end, Row* row) {
    runs += begin == 2 ? 1 : 0;
    return Steps(network, begin, end, row);
  };
  ranks.Add(1, {{"steps", {{0, 1, 2}, {1, 2, 3}}}}, run);
  ranks.Add(2, {{"steps", {{0, 1, 2}, {1, 2, 3}}}}, run);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ranks.leader().Launch(1, "steps", One(i)).ok());
  ranks.leader().Remove(1);
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(ranks.leader().Await(*ranks.leader().Launch(2, "steps", One(0))).ok());
}

// The leader may be busy with something else for longer than a state takes.
TEST(HandOverTest, AStateThatWaitedForTheLeaderIsNotLost) {
  // Of several pings: ranks that say nothing else are not silent.
  constexpr absl::Duration kFloor = absl::Milliseconds(500);
  ServedRanks ranks(2);
  absl::Notification there;
  const auto run = [&](const std::string& network, size_t begin, size_t end, Row* row) {
    if (begin == 2 && (*row)[0].item<double>() > 40) there.Notify();
    return Steps(network, begin, end, row);
  };
  HandOver leader(&ranks[0], kFloor);
  const std::map<std::string, Route> routes = {{"steps", {{0, 1, 2}, {1, 2, 3}, {0, 3, 4}}}};
  ranks.Add(1, routes, run);
  leader.Add(1, routes, run);
  ASSERT_TRUE(leader.Await(*leader.Launch(1, "steps", One(0))).ok());
  const auto ticket = leader.Launch(1, "steps", One(5));
  there.WaitForNotification();
  absl::SleepFor(1.2 * kFloor);  // what the leader is busy with
  const auto row = leader.Await(*ticket);
  EXPECT_TRUE(row.ok()) << row.status();
}

TEST(WatchdogTest, AllowsThreeTimesTheLongestAndMoreToTheFirst) {
  Watchdog dog(absl::Milliseconds(100));
  const absl::Time start = absl::UnixEpoch();
  dog.Launched(1, "a", start);
  EXPECT_EQ(dog.LimitOf(1), Watchdog::kFirst);
  dog.Arrived(1, start + absl::Seconds(2));
  dog.Launched(2, "a", start);
  EXPECT_EQ(dog.LimitOf(2), absl::Seconds(6));
  dog.Launched(3, "a", start);
  EXPECT_EQ(dog.LimitOf(3), absl::Seconds(12)) << "it waits its turn";
  dog.Launched(4, "another size", start);
  EXPECT_EQ(dog.LimitOf(4), Watchdog::kFirst);
}

TEST(WatchdogTest, IsNeverBelowItsFloor) {
  Watchdog dog(absl::Milliseconds(500));
  dog.Launched(1, "a", absl::UnixEpoch());
  dog.Arrived(1, absl::UnixEpoch() + absl::Milliseconds(1));
  dog.Launched(2, "a", absl::UnixEpoch());
  EXPECT_EQ(dog.LimitOf(2), absl::Milliseconds(500));
}

}  // namespace
}  // namespace hanga
