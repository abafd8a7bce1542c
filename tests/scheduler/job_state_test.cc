// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/job_state.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace hanga {
namespace {

std::vector<v1::JobState> AllStates() {
  std::vector<v1::JobState> states;
  for (int i = 1; i < v1::JobState_ARRAYSIZE; ++i) states.push_back(static_cast<v1::JobState>(i));
  return states;
}

TEST(JobStateTest, NeverLeavesAFinalState) {
  for (const auto& t : JobTransitions()) EXPECT_FALSE(IsFinal(t.from)) << StateName(t.from);
}

TEST(JobStateTest, ReachesAFinalStateFromEveryOther) {
  for (const auto start : AllStates()) {
    std::set<v1::JobState> reached = {start};
    for (size_t before = 0; before != reached.size();) {
      before = reached.size();
      for (const auto& t : JobTransitions()) {
        if (reached.contains(t.from)) reached.insert(t.to);
      }
    }
    EXPECT_TRUE(std::any_of(reached.begin(), reached.end(), IsFinal)) << StateName(start);
  }
}

TEST(JobStateTest, ListsEachTransitionOnceAndNoneToItself) {
  std::set<std::pair<int, int>> seen;
  for (const auto& t : JobTransitions()) {
    EXPECT_NE(t.from, t.to);
    EXPECT_TRUE(seen.insert({t.from, t.to}).second) << StateName(t.from) << StateName(t.to);
    EXPECT_TRUE(MayBecome(t.from, t.to));
  }
}

TEST(JobStateTest, CancelsForGoodOnceItIsCancelling) {
  EXPECT_FALSE(MayBecome(v1::JOB_STATE_CANCELLING, v1::JOB_STATE_RUNNING));
  EXPECT_FALSE(MayBecome(v1::JOB_STATE_CANCELLING, v1::JOB_STATE_QUEUED));
  EXPECT_FALSE(MayBecome(v1::JOB_STATE_RUNNING, v1::JOB_STATE_EXPIRED));
}

TEST(JobStateTest, EndsEveryRandomWalk) {
  std::mt19937 random(1);
  for (int walk = 0; walk < 1'000; ++walk) {
    v1::JobState state = v1::JOB_STATE_QUEUED;
    int steps = 0;
    while (!IsFinal(state)) {
      std::vector<v1::JobState> next;
      for (const auto& t : JobTransitions()) {
        if (t.from == state) next.push_back(t.to);
      }
      ASSERT_FALSE(next.empty()) << StateName(state);
      state = next[random() % next.size()];
      ASSERT_LT(++steps, 1'000);
    }
  }
}

}  // namespace
}  // namespace hanga
