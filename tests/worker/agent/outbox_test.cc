// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/outbox.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

constexpr uint32_t kWindow = 4 << 20;

v1::AttemptRef Attempt(const std::string& job) {
  v1::AttemptRef ref;
  ref.set_job(job);
  ref.set_attempt(1);
  ref.set_token(42);
  return ref;
}

v1::TaskUpdate Update(const std::string& job, int step) {
  v1::TaskUpdate update;
  *update.mutable_attempt() = Attempt(job);
  update.set_step(step);
  return update;
}

v1::TaskResult Result(const std::string& job) {
  v1::TaskResult result;
  *result.mutable_attempt() = Attempt(job);
  result.set_outcome(v1::TASK_OUTCOME_SUCCEEDED);
  return result;
}

v1::ChunkAck Ack(const std::string& job, uint64_t bytes) {
  v1::ChunkAck ack;
  *ack.mutable_attempt() = Attempt(job);
  ack.set_received_bytes(bytes);
  return ack;
}

TEST(OutboxTest, SendsTheNewestProgressOnlyAndKeepsItsPreview) {
  Outbox outbox;
  outbox.Hold(Attempt("a"));
  outbox.Update(Update("a", 1));
  v1::Preview preview;
  preview.set_step(1);
  outbox.AddPreview(Attempt("a"), preview);
  outbox.Update(Update("a", 2));
  const auto message = outbox.Next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->task_update().step(), 2u);
  EXPECT_EQ(message->task_update().preview().step(), 1u);
  EXPECT_FALSE(outbox.Next());
}

TEST(OutboxTest, SendsPiecesThenTheResultWithinTheWindow) {
  Outbox outbox;
  outbox.Connected(1 << 20);
  outbox.Hold(Attempt("a"));
  const std::string bytes(3'000'000, 'x');
  outbox.Finish(Result("a"), bytes);
  std::string received;
  for (;;) {
    auto message = outbox.Next();
    if (!message) {  // the window is full
      EXPECT_FALSE(outbox.Flushed());
      outbox.Acknowledge(Ack("a", received.size()));
      message = outbox.Next();
      ASSERT_TRUE(message);
    }
    if (message->has_task_result()) break;
    EXPECT_EQ(message->chunk().offset(), received.size());
    EXPECT_LE(message->chunk().data().size(), size_t{1} << 20);
    received += message->chunk().data();
  }
  EXPECT_EQ(received, bytes);
  EXPECT_TRUE(outbox.Flushed());
  EXPECT_FALSE(outbox.Next());
}

TEST(OutboxTest, OwesEverythingUnacknowledgedToANewConnection) {
  Outbox outbox;
  outbox.Connected(kWindow);
  outbox.Hold(Attempt("a"));
  outbox.Hold(Attempt("b"));
  outbox.Finish(Result("a"), "picture");
  outbox.Update(Update("b", 5));
  while (outbox.Next()) {
  }
  outbox.Connected(kWindow);
  EXPECT_EQ(outbox.Next()->task_update().step(), 5u);
  EXPECT_EQ(outbox.Next()->chunk().data(), "picture");
  EXPECT_TRUE(outbox.Next()->has_task_result());
  EXPECT_TRUE(outbox.Forget(Attempt("a")));
  outbox.Connected(kWindow);
  EXPECT_TRUE(outbox.Next()->has_task_update());
  EXPECT_FALSE(outbox.Next());
}

TEST(OutboxTest, SendsACheckpointInPiecesAndMarksTheLast) {
  Outbox outbox;
  outbox.Connected(kWindow);
  outbox.Hold(Attempt("a"));
  outbox.Checkpoint(Attempt("a"), 7, std::string((1 << 20) + 1, 'c'));
  const auto first = outbox.Next(), second = outbox.Next();
  EXPECT_FALSE(first->task_checkpoint().last());
  EXPECT_EQ(second->task_checkpoint().offset(), uint64_t{1} << 20);
  EXPECT_TRUE(second->task_checkpoint().last());
  EXPECT_EQ(second->task_checkpoint().step(), 7u);
  EXPECT_FALSE(outbox.Next());
  EXPECT_EQ(outbox.Holding().size(), 1u);  // until the verdict
}

TEST(OutboxTest, EndsAnEmptyCheckpointToo) {
  Outbox outbox;
  outbox.Connected(kWindow);
  outbox.Hold(Attempt("a"));
  outbox.Checkpoint(Attempt("a"), 0, "");
  EXPECT_TRUE(outbox.Next()->task_checkpoint().last());
  EXPECT_FALSE(outbox.Next());
}

TEST(OutboxTest, LetsHeartbeatsPassAndTasksTakeTurns) {
  Outbox outbox;
  outbox.Connected(64 << 20);
  for (const char* job : {"a", "b"}) {
    outbox.Hold(Attempt(job));
    outbox.Finish(Result(job), std::string(2 << 20, 'x'));
  }
  const std::string first = outbox.Next()->chunk().attempt().job();
  outbox.Beat({});
  EXPECT_TRUE(outbox.Next()->has_heartbeat());
  EXPECT_NE(outbox.Next()->chunk().attempt().job(), first);
  EXPECT_EQ(outbox.Next()->chunk().attempt().job(), first);
}

TEST(OutboxTest, FreesTheWindowWhenATaskIsForgotten) {
  Outbox outbox;
  outbox.Connected(4);
  outbox.Hold(Attempt("a"));
  outbox.Hold(Attempt("b"));
  outbox.Finish(Result("a"), "aaaa");
  EXPECT_TRUE(outbox.Next()->has_chunk());
  outbox.Finish(Result("b"), "bb");
  EXPECT_TRUE(outbox.Next()->has_task_result());
  EXPECT_FALSE(outbox.Next());
  outbox.Forget(Attempt("a"));
  EXPECT_EQ(outbox.Next()->chunk().data(), "bb");
}

TEST(OutboxTest, DoesNotBelieveAnAcknowledgementOfWhatWasNotSent) {
  Outbox outbox;
  outbox.Connected(4);
  outbox.Hold(Attempt("a"));
  outbox.Finish(Result("a"), "aaaabbbb");
  EXPECT_EQ(outbox.Next()->chunk().data(), "aaaa");
  outbox.Acknowledge(Ack("a", 1000));
  EXPECT_EQ(outbox.Next()->chunk().data(), "bbbb");
}

TEST(OutboxTest, IgnoresWhatIsSaidOfATaskThatIsNotHeldOrHasEnded) {
  Outbox outbox;
  outbox.Update(Update("a", 1));
  outbox.Finish(Result("a"));
  EXPECT_FALSE(outbox.Next());
  EXPECT_TRUE(outbox.Hold(Attempt("a")));
  EXPECT_FALSE(outbox.Hold(Attempt("a")));
  outbox.Finish(Result("a"));
  outbox.Update(Update("a", 2));
  EXPECT_TRUE(outbox.Next()->has_task_result());
  EXPECT_FALSE(outbox.Next());
}

TEST(OutboxTest, CountsATaskThatWaitsForItsVerdictAsHeldButNotAsWork) {
  Outbox outbox;
  outbox.Hold(Attempt("a"));
  outbox.Hold(Attempt("b"));
  outbox.Finish(Result("a"));
  EXPECT_EQ(outbox.Holding().size(), 2u);
  EXPECT_EQ(outbox.Working(), 1u);
}

TEST(OutboxTest, ReportsTheNewestOfAModelOnceAConnection) {
  Outbox outbox;
  v1::ModelReport report;
  report.mutable_model()->set_name("models/a");
  outbox.Report(report);
  report.set_loaded(true);
  outbox.Report(report);
  EXPECT_TRUE(outbox.Next()->model_report().loaded());
  EXPECT_FALSE(outbox.Next());
  outbox.Connected(kWindow);
  EXPECT_TRUE(outbox.Next()->has_model_report());
  outbox.Withdraw("models/a");
  outbox.Connected(kWindow);
  EXPECT_FALSE(outbox.Next());
}

}  // namespace
}  // namespace hanga
