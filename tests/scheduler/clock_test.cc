// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A calendar that jumps: leases and ages of what runs are measured by a clock that does not.
#include <gmock/gmock.h>

#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::SizeIs;

class ClockTest : public SchedulerTest {};

TEST_F(ClockTest, AJumpEndsNoLeaseAndNoJob) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  for (const absl::Duration jump : {absl::Hours(48), -absl::Hours(96)}) {
    const auto running = Submit(Request()), waiting = Submit(Request());
    const auto assignment = Next(worker);
    clock_.JumpCalendar(jump);
    clock_.Advance(options_.workers.lease / 2);
    Settle();
    EXPECT_FALSE(worker.closed());
    EXPECT_EQ(Get(waiting->name()).state(), v1::JOB_STATE_QUEUED);
    worker.Succeed(assignment.attempt(), "picture");
    Settle();
    EXPECT_EQ(Get(running->name()).state(), v1::JOB_STATE_SUCCEEDED);
    worker.Succeed(Next(worker).attempt(), "picture");
    Settle();
    EXPECT_EQ(Get(waiting->name()).state(), v1::JOB_STATE_SUCCEEDED);
  }
}

TEST_F(ClockTest, ALeaseEndsThoughTheCalendarStandsStill) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  Next(worker);
  clock_.Advance(options_.workers.lease + absl::Milliseconds(1));
  clock_.JumpCalendar(-options_.workers.lease - absl::Hours(1));
  Settle();
  EXPECT_TRUE(worker.closed());
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_QUEUED);
}

TEST_F(ClockTest, AJumpBackOverARestartKeepsOrderReplaysAndArtifacts) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  auto request = Request();
  request.set_request_id("the-same-request");
  const auto before = Submit(request);
  worker.Succeed(Next(worker).attempt(), "picture");
  Settle();
  worker.Disconnect();
  clock_.JumpCalendar(-absl::Hours(24 * 365));
  Reopen();
  Settle();

  const auto done = Get(before->name());
  ASSERT_EQ(done.state(), v1::JOB_STATE_SUCCEEDED);
  ASSERT_THAT(done.artifacts(), SizeIs(1));
  EXPECT_EQ(*scheduler_->OpenArtifact({}, done.artifacts(0).name())->Read(0, 10), "picture");
  EXPECT_EQ(Submit(request)->name(), before->name());
  const auto after = Submit(Request());
  ASSERT_TRUE(after.ok()) << after.status();
  const auto listed = scheduler_->List({}, {});
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(listed->jobs(), SizeIs(2));
  EXPECT_EQ(listed->jobs(0).name(), after->name())
      << "the newest first, whatever the calendar says";
}

}  // namespace
}  // namespace hanga
