// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/scheduler.h"

#include <gmock/gmock.h>

#include "scheduler/status_details.h"
#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST_F(SchedulerTest, DrawsAJobFromSubmitToArtifact) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(job->spec().steps(), 20U) << "the model's default is written back";

  const auto assignment = Next(worker);
  EXPECT_EQ(assignment.spec().seed(), 7U);
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_RUNNING);
  worker.Update(assignment.attempt(), 5);
  EXPECT_EQ(Get(job->name()).tasks(0).step(), 5U);
  worker.Succeed(assignment.attempt(), "picture");
  Settle();
  const auto verdicts = worker.TakeVerdicts();
  ASSERT_THAT(verdicts, SizeIs(1));
  EXPECT_EQ(verdicts[0].code(), 0);

  const auto done = Get(job->name());
  EXPECT_EQ(done.state(), v1::JOB_STATE_SUCCEEDED);
  ASSERT_EQ(done.artifacts_size(), 1);
  const auto file = scheduler_->OpenArtifact({"", false}, done.artifacts(0).name());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*file->Read(0, 100), "picture");
  EXPECT_EQ(*file->Read(3, 2), "tu");
  EXPECT_EQ(file->Read(8, 1).status().code(), absl::StatusCode::kOutOfRange);
  const auto measures = scheduler_->measures();
  EXPECT_EQ(measures.submitted, 1U);
  EXPECT_EQ(measures.models.at("models/a").succeeded, 1U);
  EXPECT_EQ(measures.queued + measures.running, 0U);
}

TEST_F(SchedulerTest, SpreadsTheImagesOfAJobWithTheirSeeds) {
  Open();
  FakeWorker one("one", 1), two("two", 2);
  one.Connect(*scheduler_);
  two.Connect(*scheduler_);
  const auto job = Submit(Request(3));
  const auto first = Next(one);
  const auto second = Next(two);
  EXPECT_EQ(first.spec().seed(), 7U);
  EXPECT_EQ(second.spec().seed(), 8U);
  two.Succeed(second.attempt(), "b");
  Settle();
  const auto third = Next(two);
  EXPECT_EQ(third.spec().seed(), 9U);
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_RUNNING);
  one.Succeed(first.attempt(), "a");
  two.Succeed(third.attempt(), "c");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Get(job->name()).artifacts_size(), 3);
}

TEST_F(SchedulerTest, AnswersTheSameRequestIdWithTheSameJob) {
  Open();
  auto request = Request();
  request.set_request_id("123e4567-e89b-12d3-a456-426614174000");
  const auto first = Submit(request);
  EXPECT_EQ(Submit(request)->name(), first->name());
  Reopen();
  EXPECT_EQ(Submit(request)->name(), first->name());
  EXPECT_NE(Submit(request, "other tenant")->name(), first->name());
  request.mutable_spec()->set_prompt("another body");
  EXPECT_EQ(Submit(request).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(SchedulerTest, HidesJobsOfOtherTenants) {
  Open();
  const auto job = Submit(Request(), "alice");
  EXPECT_EQ(scheduler_->Get({"bob", false}, job->name()).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_TRUE(scheduler_->Get({"alice", false}, job->name()).ok());
  EXPECT_TRUE(scheduler_->Get({"", true}, job->name()).ok());
  EXPECT_EQ(scheduler_->List({"bob", false}, {})->jobs_size(), 0);
  EXPECT_EQ(scheduler_->List({"alice", false}, {})->jobs_size(), 1);
}

TEST_F(SchedulerTest, ListsPageByPageNewestFirst) {
  Open();
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(Submit(Request())->name());
  v1::ListJobsRequest request;
  request.set_page_size(2);
  std::vector<std::string> listed;
  do {
    const auto page = scheduler_->List({}, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& job : page->jobs()) listed.push_back(job.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  std::reverse(names.begin(), names.end());
  EXPECT_EQ(listed, names);
  request.set_page_token("nonsense");
  EXPECT_EQ(scheduler_->List({}, request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SchedulerTest, RefusesWhatTheModelCannotDrawWithTheLimits) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  auto request = Request();
  request.mutable_spec()->set_width(17);
  const auto refused = Submit(request).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(),
            "spec.width: is 17 pixels, must be a multiple of 16 from 16 to 2048");
  EXPECT_TRUE(refused.GetPayload(kBadRequestUrl).has_value());
  request.mutable_spec()->set_model("models/unknown");
  EXPECT_EQ(Submit(request).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SchedulerTest, RefusesWithARetryDelayWhenTheQueueIsFull) {
  options_.max_queued = 3;
  Open();
  EXPECT_TRUE(Submit(Request(3)).ok());
  const auto refused = Submit(Request()).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "QUEUE_FULL");
  EXPECT_TRUE(refused.GetPayload(kRetryInfoUrl).has_value());
}

TEST_F(SchedulerTest, CancelsInTheQueueAtOnce) {
  Open();
  const auto job = Submit(Request());
  EXPECT_EQ(Cancel(job->name())->state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(Cancel(job->name())->state(), v1::JOB_STATE_CANCELLED) << "repeating changes nothing";
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  Settle();
  EXPECT_THAT(worker.TakeAssignments(), SizeIs(0));
}

TEST_F(SchedulerTest, CancelsOnTheWorker) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request(2));
  const auto assignment = Next(worker);
  EXPECT_EQ(Cancel(job->name())->state(), v1::JOB_STATE_CANCELLING);
  ASSERT_THAT(worker.TakeCancels(), SizeIs(1));
  worker.End(assignment.attempt(), v1::TASK_OUTCOME_CANCELLED);
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_CANCELLED);
  EXPECT_THAT(worker.TakeAssignments(), SizeIs(0)) << "its second image is not begun";
}

TEST_F(SchedulerTest, SucceedsIfItFinishedBeforeTheCancel) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto assignment = Next(worker);
  ASSERT_TRUE(Cancel(job->name()).ok());
  worker.Succeed(assignment.attempt(), "picture");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Cancel(job->name()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SchedulerTest, KeepsTheFailureThatOvertakesAResult) {
  Open();
  FakeWorker one("one", 1), two("two", 2);
  one.Connect(*scheduler_);
  two.Connect(*scheduler_);
  const auto job = Submit(Request(2));
  const auto first = Next(one);
  const auto second = Next(two);
  one.Succeed(first.attempt(), "picture");  // still on its way to the disk when the other fails
  two.Fail(second.attempt(), "INVALID_ARGUMENT", /*retryable=*/false);
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(Get(job->name()).artifacts_size(), 1) << "what had finished is kept";
  one.Disconnect();
  two.Disconnect();
  Reopen();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_FAILED);
}

TEST_F(SchedulerTest, ExpiresInTheQueueOnly) {
  Open();
  auto request = Request();
  request.mutable_queue_deadline()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 60);
  const auto waiting = Submit(request);
  clock_.Advance(absl::Seconds(59));
  Settle();
  EXPECT_EQ(Get(waiting->name()).state(), v1::JOB_STATE_QUEUED);
  clock_.Advance(absl::Seconds(2));
  Settle();
  EXPECT_EQ(Get(waiting->name()).state(), v1::JOB_STATE_EXPIRED);
  EXPECT_EQ(Submit(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SchedulerTest, FailsTheJobsOfAModelThatNoWorkerCanUse) {
  Open();
  const auto job = Submit(Request());
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  worker.Report("models/a", v1::MODEL_STATE_UNUSABLE);
  clock_.Advance(absl::Seconds(1));
  worker.Heartbeat();
  Settle();
  const auto failed = Get(job->name());
  EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(failed.error().reason(), "MODEL_UNUSABLE");
  EXPECT_THAT(failed.error().message(), HasSubstr("truncated"));
  EXPECT_EQ(Submit(Request()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SchedulerTest, RefusesASecondDaemonOnTheSameFolder) {
  Open();
  const auto second = OpenScheduler(options_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use by another hangad"));
}

TEST_F(SchedulerTest, TellsAWatcherTheNewestStateOnly) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  v1::WatchJobRequest request;
  request.set_name(job->name());
  request.set_previews(true);
  int wakes = 0;
  auto watch = *scheduler_->Watch({}, request, [&wakes] { ++wakes; });
  EXPECT_EQ(watch->Take()->job().state(), v1::JOB_STATE_QUEUED);
  EXPECT_FALSE(watch->Take().has_value()) << "nothing has changed";
  const auto assignment = Next(worker);
  for (uint32_t step = 1; step <= 9; ++step) worker.Update(assignment.attempt(), step, "png");
  EXPECT_EQ(wakes, 1) << "a slow reader is told once";
  const auto newest = watch->Take();
  EXPECT_EQ(newest->job().tasks(0).step(), 9U);
  EXPECT_EQ(newest->previews_size(), 1);
  worker.Succeed(assignment.attempt(), "picture");
  Settle();
  const auto last = watch->Take();
  EXPECT_EQ(last->job().state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_GT(last->job().sequence(), newest->job().sequence());
  EXPECT_FALSE(watch->Take().has_value());
}

TEST_F(SchedulerTest, TellsTheQueuePosition) {
  Open();
  ASSERT_TRUE(Submit(Request(4)).ok());
  const auto second = Submit(Request());
  EXPECT_EQ(Get(second->name()).queue_position(), 4U);
}

TEST_F(SchedulerTest, StoresAnInputOnceUnderItsHash) {
  Open();
  constexpr char kSha[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  auto upload = *scheduler_->UploadBlob({}, kSha, 3);
  EXPECT_TRUE(upload->Append("ab").ok());
  EXPECT_TRUE(upload->Append("c").ok());
  EXPECT_FALSE(upload->Append("d").ok());
  EXPECT_TRUE(upload->Finish().ok());
  EXPECT_TRUE((*scheduler_->UploadBlob({}, kSha, 3))->complete());
  EXPECT_FALSE(scheduler_->UploadBlob({}, "../../etc/passwd", 3).ok());
  auto wrong = *scheduler_->UploadBlob({}, std::string(64, 'a'), 1);
  EXPECT_TRUE(wrong->Append("x").ok());
  EXPECT_EQ(wrong->Finish().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SchedulerTest, DeletesTheOldestArtifactsBeyondTheLimit) {
  options_.retention.artifact_bytes = 10;
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    names.push_back(Submit(Request())->name());
    worker.Succeed(Next(worker).attempt(), "4444");
    Settle();
    clock_.Advance(absl::Seconds(5));
    worker.Heartbeat();
  }
  clock_.Advance(absl::Minutes(1));
  worker.Heartbeat();
  Settle();
  EXPECT_FALSE(scheduler_->OpenArtifact({}, names[0] + "/artifacts/0").ok());
  EXPECT_TRUE(scheduler_->OpenArtifact({}, names[1] + "/artifacts/0").ok());
  EXPECT_TRUE(scheduler_->OpenArtifact({}, names[2] + "/artifacts/0").ok());
}

TEST_F(SchedulerTest, FailsTheJobThatNeedsMoreSpaceThanThereIs) {
  options_.retention.min_free_bytes = uint64_t{1} << 60;
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  worker.Succeed(Next(worker).attempt(), "picture");
  Settle();
  const auto failed = Get(job->name());
  EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(failed.error().reason(), "NO_SPACE");
  EXPECT_THAT(failed.error().message(), HasSubstr("bytes needed"));
}

}  // namespace
}  // namespace hanga
