// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/restart_policy.h"

#include <gtest/gtest.h>

#include "server/output_tail.h"

namespace hanga {
namespace {

RestartOptions Options() {
  return {.least = absl::Seconds(1),
          .most = absl::Seconds(5),
          .crash_limit = 5,
          .crash_window = absl::Seconds(60),
          .quarantine = absl::Minutes(10)};
}

TEST(RestartPolicyTest, DoublesTheWaitUpToItsLimit) {
  RestartPolicy policy(Options());
  absl::Duration now;
  for (const int seconds : {1, 2, 4, 5, 5}) {
    // Far enough apart to be no crash loop.
    now += absl::Seconds(59);
    const auto decision = policy.OnCrash(now, absl::Seconds(50));
    EXPECT_EQ(decision.delay, absl::Seconds(seconds));
    EXPECT_FALSE(decision.quarantined);
  }
}

TEST(RestartPolicyTest, BeginsAnewAfterAGoodRun) {
  RestartPolicy policy(Options());
  policy.OnCrash(absl::Seconds(1), absl::ZeroDuration());
  policy.OnCrash(absl::Seconds(2), absl::ZeroDuration());
  EXPECT_EQ(policy.OnCrash(absl::Seconds(100), absl::Seconds(90)).delay, absl::Seconds(1));
}

TEST(RestartPolicyTest, QuarantinesACrashLoopAndForgetsItAfterwards) {
  RestartPolicy policy(Options());
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(policy.OnCrash(absl::Seconds(i), absl::ZeroDuration()).quarantined);
  }
  const auto decision = policy.OnCrash(absl::Seconds(59), absl::ZeroDuration());
  EXPECT_TRUE(decision.quarantined);
  EXPECT_EQ(decision.delay, absl::Minutes(10));
  const auto later = policy.OnCrash(absl::Seconds(60), absl::ZeroDuration());
  EXPECT_FALSE(later.quarantined);
  EXPECT_EQ(later.delay, absl::Seconds(1));
}

TEST(RestartPolicyTest, CountsOnlyCrashesWithinTheWindow) {
  RestartPolicy policy(Options());
  for (int i = 0; i < 4; ++i) policy.OnCrash(absl::Seconds(i), absl::ZeroDuration());
  EXPECT_FALSE(policy.OnCrash(absl::Seconds(60), absl::ZeroDuration()).quarantined);
}

TEST(OutputTailTest, KeepsTheLastLinesWhole) {
  OutputTail tail;
  std::vector<std::string> seen;
  const auto collect = [&](const std::string& line) { seen.push_back(line); };
  tail.Append("one\ntw", collect);
  EXPECT_EQ(tail.LastLine(), "tw");
  tail.Append("o\r\n\n", collect);
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "two", ""}));
  EXPECT_EQ(tail.LastLine(), "two");
  for (int i = 0; i < 1000; ++i) tail.Append("line\n", [](const std::string&) {});
  EXPECT_EQ(tail.Text().size(), OutputTail::kMostLines * 5);
}

TEST(OutputTailTest, BoundsALineAndReplacesWhatIsNotPrintable) {
  OutputTail tail;
  tail.Append(std::string(1 << 20, 'x'), [](const std::string&) {});
  EXPECT_EQ(tail.Text().size(), OutputTail::kMostLineBytes);
  tail.Clear();
  tail.Append("\x1b[31m\xff", [](const std::string&) {});
  EXPECT_EQ(tail.LastLine(), "?[31m?");
}

}  // namespace
}  // namespace hanga
