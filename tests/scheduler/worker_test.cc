// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers that are late, lost, lying, draining and coming back.
#include <gmock/gmock.h>

#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr int kAborted = 10;

class WorkerTest : public SchedulerTest {
 protected:
  // Past the lease of a worker that says nothing.
  void LetLeaseEnd() {
    clock_.Advance(options_.workers.lease + absl::Milliseconds(1));
    Settle();
  }
};

TEST_F(WorkerTest, GivesALostTaskToAnotherAndRefusesTheLateResult) {
  Open();
  FakeWorker slow("slow", 1), spare("spare", 2);
  slow.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto first = Next(slow);
  LetLeaseEnd();
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_QUEUED);

  spare.Connect(*scheduler_);
  const auto second = Next(spare);
  EXPECT_EQ(second.attempt().attempt(), 2U);
  EXPECT_NE(second.attempt().token(), first.attempt().token());

  // It wakes up, connects again and brings what it drew.
  slow.Connect(*scheduler_);
  auto verdicts = slow.TakeVerdicts();
  ASSERT_THAT(verdicts, SizeIs(1)) << "what it holds is stale";
  EXPECT_EQ(verdicts[0].code(), kAborted);
  slow.Succeed(first.attempt(), "late");
  for (const auto& verdict : slow.TakeVerdicts()) EXPECT_EQ(verdict.code(), kAborted);
  spare.Succeed(second.attempt(), "right");
  Settle();
  const auto done = Get(job->name());
  EXPECT_EQ(done.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(*scheduler_->OpenArtifact({}, done.artifacts(0).name())->Read(0, 10), "right");
  EXPECT_GE(scheduler_->measures().stale_messages, 2U);
}

TEST_F(WorkerTest, RefusesAWorkerThatLiesAboutItsAttempt) {
  Open();
  FakeWorker honest("honest", 1), liar("liar", 2);
  honest.Connect(*scheduler_);
  const auto job = Submit(Request());
  auto attempt = Next(honest).attempt();
  liar.Connect(*scheduler_);
  liar.Succeed(attempt, "forged");
  attempt.set_token(attempt.token() + 1);
  honest.Succeed(attempt, "forged");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_RUNNING);
}

TEST_F(WorkerTest, KeepsTheTaskOfAWorkerThatReconnectsWithinItsLease) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto assignment = Next(worker);
  worker.Disconnect();
  clock_.Advance(options_.workers.lease / 2);
  Settle();
  worker.Connect(*scheduler_);
  Settle();
  EXPECT_THAT(worker.TakeAssignments(), SizeIs(0));
  EXPECT_THAT(worker.TakeVerdicts(), SizeIs(0));
  worker.Succeed(assignment.attempt(), "picture");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Get(job->name()).tasks(0).attempt(), 1U);
}

TEST_F(WorkerTest, KeepsTheTaskOverARestartOfTheDaemon) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto assignment = Next(worker);
  const uint64_t seen = Get(job->name()).sequence();
  worker.Disconnect();
  Reopen();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_RUNNING);
  EXPECT_GT(Get(job->name()).sequence(), seen);
  worker.Connect(*scheduler_);
  worker.Update(assignment.attempt(), 19);
  worker.Succeed(assignment.attempt(), "picture");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(WorkerTest, DoesNotBlameATaskForWorkersThatWentWithTheDaemon) {
  Open();
  const auto job = Submit(Request());
  for (uint64_t restart = 0; restart < 5; ++restart) {
    FakeWorker worker("w", restart + 1);
    worker.Connect(*scheduler_);
    Next(worker);
    worker.Disconnect();
    Reopen();
    LetLeaseEnd();
  }
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_QUEUED);
}

TEST_F(WorkerTest, BeginsAgainAnAssignmentThatWasCutOff) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  ASSERT_TRUE(Submit(Request()).ok());
  Next(worker);
  worker.Disconnect();
  worker.holding().clear();  // it never arrived
  worker.Connect(*scheduler_);
  EXPECT_EQ(Next(worker).attempt().attempt(), 2U);
}

TEST_F(WorkerTest, FailsAJobAfterThreeAttemptsOverTwoWorkers) {
  Open();
  FakeWorker one("one", 1), two("two", 2);
  one.Connect(*scheduler_);
  two.Connect(*scheduler_);
  const auto job = Submit(Request());
  one.Fail(Next(one).attempt(), "OUT_OF_MEMORY");
  two.Fail(Next(two).attempt(), "OUT_OF_MEMORY");
  one.Fail(Next(one).attempt(), "OUT_OF_MEMORY");
  Settle();
  const auto failed = Get(job->name());
  EXPECT_EQ(failed.state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(failed.error().reason(), "OUT_OF_MEMORY");
  EXPECT_EQ(failed.error().attempts(), 3U);
  EXPECT_EQ(failed.error().worker(), "workers/one");
}

TEST_F(WorkerTest, DoesNotRetryWhatCannotHelp) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  worker.Fail(Next(worker).attempt(), "INVALID_ARGUMENT", /*retryable=*/false);
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_FAILED);
}

TEST_F(WorkerTest, DoesNotCountARefusal) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  for (int i = 0; i < 10; ++i) {
    worker.End(Next(worker).attempt(), v1::TASK_OUTCOME_REFUSED);
    Settle();
    EXPECT_THAT(worker.TakeAssignments(), SizeIs(0)) << "it is not asked again at once";
    clock_.Advance(options_.workers.heartbeat_interval);
    worker.Heartbeat();
  }
  EXPECT_NE(Get(job->name()).state(), v1::JOB_STATE_FAILED);
}

TEST_F(WorkerTest, PutsTheStderrOfADeadProcessIntoTheError) {
  options_.workers.max_attempts = 1;
  Open();
  FakeWorker worker("cpu-0", 1);
  WorkerProcess process;
  process.worker_id = "cpu-0";
  process.state = v1::WORKER_STATE_STARTING;
  scheduler_->ReportProcess(process);
  EXPECT_EQ(scheduler_->ListWorkers({})->workers(0).state(), v1::WORKER_STATE_STARTING);
  worker.Connect(*scheduler_);
  EXPECT_EQ(scheduler_->ListWorkers({})->workers(0).state(), v1::WORKER_STATE_READY);
  const auto job = Submit(Request());
  Next(worker);
  process.state = v1::WORKER_STATE_BACKING_OFF;
  process.problem = "killed by signal 11";
  process.stderr_tail = "CUDA error: an illegal memory access";
  scheduler_->ReportProcess(process);
  Settle();
  EXPECT_EQ(scheduler_->ListWorkers({})->workers(0).state(), v1::WORKER_STATE_BACKING_OFF);
  const auto failed = Get(job->name());
  EXPECT_EQ(failed.error().reason(), "WORKER_LOST");
  EXPECT_THAT(failed.error().worker_stderr(), HasSubstr("illegal memory access"));
}

TEST_F(WorkerTest, QuarantinesAWorkerThatFailsTooOftenAndTakesItBack) {
  options_.workers.quarantine_failures = 2;
  options_.workers.max_attempts = 100;
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  ASSERT_TRUE(Submit(Request()).ok());
  worker.Fail(Next(worker).attempt(), "OUT_OF_MEMORY");
  worker.Fail(Next(worker).attempt(), "OUT_OF_MEMORY");
  Settle();
  EXPECT_THAT(worker.TakeAssignments(), SizeIs(0));
  EXPECT_EQ(scheduler_->ListWorkers({})->workers(0).state(), v1::WORKER_STATE_QUARANTINED);
  for (absl::Duration t; t < options_.workers.quarantine_period; t += absl::Seconds(5)) {
    clock_.Advance(absl::Seconds(5));
    worker.Heartbeat();
  }
  Next(worker);
  EXPECT_EQ(scheduler_->ListWorkers({})->workers(0).state(), v1::WORKER_STATE_READY);
}

TEST_F(WorkerTest, MovesASavedGenerationToAnotherWorker) {
  Open();
  FakeWorker first("first", 1), second("second", 2);
  first.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto assignment = Next(first);
  v1::DrainWorkerRequest drain;
  drain.set_name("workers/first");
  EXPECT_EQ(scheduler_->DrainWorker(drain)->state(), v1::WORKER_STATE_DRAINING);
  EXPECT_EQ(first.TakeDrains(), 1);
  first.Save(assignment.attempt(), 11, "latents");
  Settle();
  EXPECT_THAT(first.TakeVerdicts(), SizeIs(1));
  first.SayDrained();
  EXPECT_EQ(scheduler_->ListWorkers({})->workers(0).state(), v1::WORKER_STATE_DRAINED);
  first.Disconnect();

  Reopen();
  second.Connect(*scheduler_);
  const auto resumed = Next(second);
  EXPECT_EQ(resumed.checkpoint(), "latents");
  EXPECT_EQ(resumed.attempt().attempt(), 2U);
  second.Succeed(resumed.attempt(), "picture");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_TRUE(std::filesystem::is_empty(options_.data_dir + "/checkpoints"));
}

TEST_F(WorkerTest, AssignsNothingToADrainedWorkerUntilItIsTakenBack) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  v1::DrainWorkerRequest drain;
  drain.set_name("workers/w");
  ASSERT_TRUE(scheduler_->DrainWorker(drain).ok());
  ASSERT_TRUE(scheduler_->DrainWorker(drain).ok()) << "repeating changes nothing";
  worker.SayDrained();
  ASSERT_TRUE(Submit(Request()).ok());
  Settle();
  EXPECT_THAT(worker.TakeAssignments(), SizeIs(0));
  ASSERT_TRUE(scheduler_->UndrainWorker("workers/w").ok());
  Next(worker);
  EXPECT_FALSE(scheduler_->UndrainWorker("workers/none").ok());
}

TEST_F(WorkerTest, RefusesASecondProcessOfTheSameName) {
  Open();
  FakeWorker one("w", 1), two("w", 2);
  one.Connect(*scheduler_);
  two.Connect(*scheduler_);
  const auto goodbyes = two.TakeGoodbyes();
  ASSERT_THAT(goodbyes, SizeIs(1));
  EXPECT_EQ(goodbyes[0].reason(), "DUPLICATE_WORKER");
  EXPECT_TRUE(two.closed());
  EXPECT_FALSE(one.closed());
}

TEST_F(WorkerTest, RefusesAnotherVersionOfTheLinkAndBadNames) {
  Open();
  FakeWorker old("old", 1), odd("../../x", 2);
  old.hello().set_link_version(static_cast<v1::LinkVersion>(99));
  old.Connect(*scheduler_);
  EXPECT_EQ(old.TakeGoodbyes().at(0).reason(), "LINK_VERSION");
  odd.Connect(*scheduler_);
  EXPECT_EQ(odd.TakeGoodbyes().at(0).reason(), "BAD_HELLO");
  EXPECT_EQ(scheduler_->ListWorkers({})->workers_size(), 0);
}

TEST_F(WorkerTest, RetriesAResultWhoseBytesAreNotThoseAnnounced) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto assignment = Next(worker);
  v1::AttachRequest message;
  *message.mutable_chunk()->mutable_attempt() = assignment.attempt();
  message.mutable_chunk()->set_data("half a pict");
  worker.Say(message);
  message.Clear();
  *message.mutable_task_result()->mutable_attempt() = assignment.attempt();
  message.mutable_task_result()->set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  message.mutable_task_result()->set_size_bytes(20);
  message.mutable_task_result()->set_sha256("0");
  worker.Say(message);
  const auto again = Next(worker);
  EXPECT_EQ(again.attempt().attempt(), 2U);
  worker.Succeed(again.attempt(), "picture");
  Settle();
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(WorkerTest, DrainsTheDaemonAndCallsBackOnce) {
  Open();
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  const auto job = Submit(Request());
  const auto assignment = Next(worker);
  int drained = 0;
  scheduler_->Drain(absl::Seconds(30), [&drained] { ++drained; });
  Settle();
  EXPECT_EQ(drained, 0);
  EXPECT_EQ(Submit(Request()).status().code(), absl::StatusCode::kUnavailable);
  worker.Save(assignment.attempt(), 3, "latents");
  worker.SayDrained();
  Settle();
  EXPECT_EQ(drained, 1);
  worker.Disconnect();
}

// Says hello for a process that the supervisor has started.
WorkerProcess Running(const std::string& id) {
  WorkerProcess process;
  process.worker_id = id;
  process.state = v1::WORKER_STATE_STARTING;
  process.pid = 7;
  return process;
}

TEST_F(WorkerTest, TellsTheSupervisorOnceOfALocalWorkerThatHangs) {
  std::vector<std::string> hung;
  options_.local_worker_hangs = [&](const std::string& id) { hung.push_back(id); };
  Open();
  FakeWorker local("local", 1), remote("remote", 2);
  scheduler_->ReportProcess(Running("local"));
  local.Connect(*scheduler_);
  remote.Connect(*scheduler_);
  clock_.Advance(absl::Seconds(9));
  Settle();
  EXPECT_TRUE(hung.empty());
  clock_.Advance(absl::Seconds(2));
  Settle();
  EXPECT_EQ(hung, std::vector<std::string>{"local"});
  clock_.Advance(absl::Seconds(30));
  Settle();
  EXPECT_EQ(hung.size(), 1U);
  // Its next process has a time of its own, and longer until it says hello.
  scheduler_->ReportProcess(Running("local"));
  clock_.Advance(absl::Minutes(4));
  Settle();
  EXPECT_EQ(hung.size(), 1U);
  clock_.Advance(absl::Minutes(2));
  Settle();
  EXPECT_EQ(hung.size(), 2U);
}

}  // namespace
}  // namespace hanga
