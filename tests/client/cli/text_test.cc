// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "client/cli/exit_code.h"
#include "client/cli/table.h"

namespace hanga::cli {
namespace {

TEST(TextTest, TakesNamesAndIds) {
  EXPECT_EQ(ResourceName("jobs", "a"), "jobs/a");
  EXPECT_EQ(ResourceName("jobs", "jobs/a"), "jobs/a");
  EXPECT_EQ(ResourceId("jobs/a"), "a");
  EXPECT_EQ(ResourceId("a"), "a");
}

TEST(TextTest, WritesStatesInWordsAndReadsThemBack) {
  EXPECT_EQ(StateText(v1::JOB_STATE_RUNNING), "running");
  EXPECT_EQ(StateText(v1::WORKER_STATE_BACKING_OFF), "backing off");
  EXPECT_EQ(ParseJobState("--state", "cancelling").value(), v1::JOB_STATE_CANCELLING);
  EXPECT_FALSE(ParseJobState("--state", "unspecified").ok());
  EXPECT_FALSE(ParseJobState("--state", "").ok());
}

TEST(TextTest, WritesTimesAndSizes) {
  EXPECT_EQ(ClockText(absl::Seconds(7)), "0:07");
  EXPECT_EQ(ClockText(absl::Seconds(3723)), "1:02:03");
  EXPECT_EQ(ClockText(absl::Seconds(-1)), "0:00");
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1'500'000'000), "1.5 GB");
  EXPECT_EQ(CountText(11'901'408'320), "11.9 B");
}

TEST(TextTest, ReadsDurations) {
  EXPECT_EQ(ParseDuration("--grace", "1h30m").value(), absl::Minutes(90));
  for (const char* text : {"", "10", "-5s", "soon"}) {
    EXPECT_FALSE(ParseDuration("--grace", text).ok()) << text;
  }
}

TEST(TextTest, AlignsColumnsByCharacters) {
  Table table({"A", "B"});
  table.Add({"版画", "x"});
  table.Add({"long", "y"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "A     B\n版画    x\nlong  y\n");
}

TEST(TextTest, EveryFailureHasItsExitCode) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kOk);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), kUsage);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), kUnreachable);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), kNotFound);
  EXPECT_EQ(ExitCodeOf(absl::UnauthenticatedError("")), kDenied);
  EXPECT_EQ(ExitCodeOf(absl::ResourceExhaustedError("")), kBusy);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("")), kFailed);
  EXPECT_EQ(ExitCodeOf(v1::JOB_STATE_SUCCEEDED), kOk);
  EXPECT_EQ(ExitCodeOf(v1::JOB_STATE_EXPIRED), kFailed);
  EXPECT_EQ(ExitCodeOf(v1::JOB_STATE_CANCELLED), kCancelled);
}

}  // namespace
}  // namespace hanga::cli
