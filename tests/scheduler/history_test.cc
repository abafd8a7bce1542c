// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Why a job is in its state can be read from the job.
#include <gmock/gmock.h>

#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HistoryTest : public SchedulerTest {
 protected:
  HistoryTest() { Open(); }

  static std::vector<v1::JobState> StatesOf(const v1::Job& job) {
    std::vector<v1::JobState> states;
    for (const v1::JobEvent& event : job.events()) states.push_back(event.state());
    return states;
  }
};

TEST_F(HistoryTest, TellsEveryAttemptWithWorkerTimesAndReason) {
  FakeWorker first("first", 1), second("second", 2);
  first.Connect(*scheduler_);
  const auto job = Submit(Request());
  ASSERT_TRUE(job.ok()) << job.status();
  const auto begun = Next(first);
  EXPECT_EQ(Get(job->name()).attempts(0).outcome(), v1::ATTEMPT_OUTCOME_RUNNING);
  clock_.Advance(absl::Seconds(2));
  first.Fail(begun.attempt(), "OUT_OF_MEMORY");
  second.Connect(*scheduler_);
  const auto again = Next(second);
  second.Succeed(again.attempt(), "picture");
  Settle();

  const v1::Job ended = Get(job->name());
  ASSERT_EQ(ended.attempts_size(), 2);
  const v1::Attempt& failed = ended.attempts(0);
  EXPECT_EQ(failed.attempt(), 1U);
  EXPECT_EQ(failed.worker(), "workers/first");
  EXPECT_EQ(failed.outcome(), v1::ATTEMPT_OUTCOME_FAILED);
  EXPECT_EQ(failed.error().reason(), "OUT_OF_MEMORY");
  EXPECT_EQ(failed.end_time().seconds() - failed.start_time().seconds(), 2);
  EXPECT_EQ(ended.attempts(1).worker(), "workers/second");
  EXPECT_EQ(ended.attempts(1).outcome(), v1::ATTEMPT_OUTCOME_SUCCEEDED);

  EXPECT_THAT(StatesOf(ended),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_RUNNING, v1::JOB_STATE_QUEUED,
                          v1::JOB_STATE_RUNNING, v1::JOB_STATE_SUCCEEDED));
  EXPECT_THAT(ended.events(1).message(), HasSubstr("workers/first"));
  EXPECT_THAT(ended.events(2).message(), HasSubstr("OUT_OF_MEMORY"));
  for (int i = 1; i < ended.events_size(); ++i) {
    EXPECT_GT(ended.events(i).sequence(), ended.events(i - 1).sequence());
  }
  EXPECT_EQ(ended.events(4).sequence(), ended.sequence());
}

TEST_F(HistoryTest, OutlivesARestartAndStaysOutOfLists) {
  const auto job = Submit(Request());
  ASSERT_TRUE(Cancel(job->name()).ok());
  Reopen();
  EXPECT_THAT(StatesOf(Get(job->name())),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_CANCELLED));
  const auto list = scheduler_->List({"", true}, {});
  ASSERT_EQ(list->jobs_size(), 1);
  EXPECT_THAT(list->jobs(0).events(), IsEmpty());
}

TEST_F(HistoryTest, KeepsTheStepThatACancelledImageHadReached) {
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto task = Next(worker);
  worker.Update(task.attempt(), 7);
  scheduler_->Cancel({"", true}, job->name(), [](const auto&) {});
  Settle();
  worker.End(task.attempt(), v1::TASK_OUTCOME_CANCELLED);
  Settle();
  const v1::Job ended = Get(job->name());
  EXPECT_EQ(ended.state(), v1::JOB_STATE_CANCELLED);
  ASSERT_EQ(ended.tasks_size(), 1);
  EXPECT_EQ(ended.tasks(0).step(), 7U);
  EXPECT_EQ(ended.tasks(0).steps(), 20U);
  EXPECT_EQ(ended.attempts(0).outcome(), v1::ATTEMPT_OUTCOME_CANCELLED);
}

TEST_F(HistoryTest, TellsTheStepsOfAJobThatCameBeforeItsModelWasExamined) {
  auto request = Request();
  const auto job = Submit(request);  // nobody has examined models/a yet
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  worker.Succeed(Next(worker).attempt(), "picture");
  Settle();
  const v1::Job ended = Get(job->name());
  EXPECT_EQ(ended.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(ended.spec().steps(), 20U);
  EXPECT_EQ(ended.tasks(0).steps(), 20U);
}

TEST_F(HistoryTest, TellsTheStepsThatATaskTurnedOutToHave) {
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  auto request = Request();
  request.mutable_spec()->set_steps(30);  // of which a picture to begin with leaves 20
  const auto job = Submit(request);
  const auto task = Next(worker);
  worker.Update(task.attempt(), 7);
  worker.Succeed(task.attempt(), "picture");
  Settle();
  const v1::Job ended = Get(job->name());
  EXPECT_EQ(ended.spec().steps(), 30U);
  EXPECT_EQ(ended.tasks(0).steps(), 20U);
  EXPECT_EQ(ended.tasks(0).step(), 20U);
}

TEST_F(HistoryTest, KeepsWhatAWorkerNotesUpToALimit) {
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto task = Next(worker);
  for (int i = 0; i < 100; ++i) {
    v1::AttachRequest message;
    *message.mutable_task_update()->mutable_attempt() = task.attempt();
    message.mutable_task_update()->set_note(std::string(2000, 'n'));
    worker.Say(std::move(message));
  }
  Settle();
  const v1::Job running = Get(job->name());
  EXPECT_EQ(running.events_size(), 2 + 64);
  EXPECT_EQ(running.events(2).state(), v1::JOB_STATE_RUNNING);
  EXPECT_LE(running.events(2).message().size(), 512U);
}

TEST_F(HistoryTest, IsForgottenWithItsJob) {
  options_.retention.jobs = options_.retention.artifacts = absl::Hours(1);
  Reopen();
  const auto job = Submit(Request());
  ASSERT_TRUE(Cancel(job->name()).ok());
  Submit(Request()).IgnoreError();  // the newest job stays
  clock_.Advance(absl::Hours(25));
  Settle();
  EXPECT_TRUE(absl::IsNotFound(scheduler_->Get({"", true}, job->name()).status()));
}

}  // namespace
}  // namespace hanga
