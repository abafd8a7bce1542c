// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_link.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

class LinkTest : public testing::Test, public LinkHandler {
 protected:
  LinkTest() {
    outbox_.set_wake([this] { link_.Pump(); });
  }
  v1::Hello MakeHello() override {
    v1::Hello hello;
    for (auto& attempt : outbox_.Holding()) *hello.add_holding() = attempt;
    return hello;
  }
  v1::Heartbeat MakeHeartbeat() override { return {}; }
  void OnMessage(v1::AttachResponse message) override { messages_.push_back(std::move(message)); }

  void Welcome() {
    v1::AttachResponse message;
    message.mutable_welcome()->mutable_lease()->set_seconds(30);
    message.mutable_welcome()->mutable_heartbeat_interval()->set_seconds(5);
    scheduler_.Receive();
    scheduler_.Send(message);
  }
  void Attach() {
    link_.Tick();
    Welcome();
    link_.Tick();
    scheduler_.Take();
  }
  void Acknowledge() {
    v1::AttachResponse message;
    message.mutable_heartbeat_ack();
    scheduler_.Send(message);
  }

  absl::Time now_ = absl::UnixEpoch();
  FakeScheduler scheduler_;
  Outbox outbox_;
  std::vector<v1::AttachResponse> messages_;
  Link link_{{.away_timeout = absl::Seconds(60), .seed = 1, .now = [this] { return now_; }},
             &scheduler_,
             &outbox_,
             this};
};

TEST_F(LinkTest, SaysHelloFirstAndNothingElseBeforeTheWelcome) {
  v1::ModelReport report;
  report.mutable_model()->set_name("models/a");
  outbox_.Report(report);
  link_.Tick();
  auto sent = scheduler_.Take();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(sent[0].has_hello());
  Welcome();
  sent = scheduler_.Take();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(sent[0].has_model_report());
  EXPECT_TRUE(messages_.at(0).has_welcome());
}

TEST_F(LinkTest, BeatsAtOnceAndThenAtTheIntervalItWasTold) {
  link_.Tick();
  Welcome();
  const absl::Time next = link_.Tick();
  EXPECT_TRUE(scheduler_.Take().back().has_heartbeat());
  EXPECT_EQ(next, now_ + absl::Seconds(5));
  now_ = next;
  link_.Tick();
  EXPECT_TRUE(scheduler_.Take().back().has_heartbeat());
}

TEST_F(LinkTest, ConnectsAgainAfterACutWithAGrowingWait) {
  Attach();
  scheduler_.Cut();
  for (absl::Duration least : {absl::Milliseconds(37), absl::Milliseconds(75)}) {
    const absl::Time next = link_.Tick();
    EXPECT_GE(next - now_, least);
    EXPECT_LE(next - now_, 2 * least);
    EXPECT_FALSE(scheduler_.connected());
    now_ = next;
    link_.Tick();
    ASSERT_TRUE(scheduler_.connected());
    scheduler_.Cut();
  }
  EXPECT_EQ(scheduler_.opened, 3);
}

TEST_F(LinkTest, TellsWhatItHoldsAndSendsItAgainAfterACut) {
  Attach();
  v1::AttemptRef attempt;
  attempt.set_job("jobs/a");
  outbox_.Hold(attempt);
  v1::TaskResult result;
  *result.mutable_attempt() = attempt;
  outbox_.Finish(result, "picture");
  EXPECT_EQ(scheduler_.Take().size(), 2u);
  scheduler_.Cut();
  now_ = link_.Tick();
  link_.Tick();
  EXPECT_EQ(scheduler_.Take().at(0).hello().holding(0).job(), "jobs/a");
  Welcome();
  const auto sent = scheduler_.Take();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].chunk().data(), "picture");
  EXPECT_TRUE(sent[1].has_task_result());
}

TEST_F(LinkTest, LeavesAStreamThatHasFallenSilentForTwoHeartbeats) {
  Attach();
  now_ += absl::Seconds(9);
  Acknowledge();
  now_ += absl::Seconds(9);
  link_.Tick();
  EXPECT_FALSE(scheduler_.cancelled);
  now_ += absl::Seconds(1);
  link_.Tick();
  EXPECT_TRUE(scheduler_.cancelled);
  scheduler_.Cut(absl::CancelledError());
  now_ = link_.Tick();
  link_.Tick();
  EXPECT_EQ(scheduler_.opened, 2);
}

TEST_F(LinkTest, TriesAgainInQuickSuccessionWhileTheLeaseLastsAndPatientlyAfterIt) {
  Attach();
  const absl::Time cut = now_, lost = cut + absl::Seconds(30);
  std::vector<absl::Duration> tries;
  for (; now_ < lost + absl::Seconds(20); now_ += absl::Milliseconds(50)) {
    const int opened = scheduler_.opened;
    link_.Tick();
    if (scheduler_.opened > opened) tries.push_back(now_ - cut);
    if (scheduler_.cancelled && scheduler_.connected()) scheduler_.Cut(absl::CancelledError());
  }
  const auto within = std::count_if(tries.begin(), tries.end(),
                                    [](absl::Duration at) { return at < absl::Seconds(30); });
  EXPECT_GE(within, 5) << "one every three seconds, after ten of silence";
  EXPECT_LE(tries.size() - within, 3u);
}

TEST_F(LinkTest, LeavesAStreamThatIsNotWelcomed) {
  link_.Tick();
  now_ += absl::Seconds(3);
  link_.Tick();
  EXPECT_TRUE(scheduler_.cancelled);
}

TEST_F(LinkTest, GivesUpWhenTheSchedulerStaysAway) {
  Attach();
  now_ += absl::Seconds(3);
  Acknowledge();
  scheduler_.open_status = absl::UnavailableError("nobody listens");
  scheduler_.Cut();
  while (!link_.ended()) {
    const absl::Time next = link_.Tick();
    ASSERT_GE(next, now_);
    ASSERT_LE(next - absl::UnixEpoch(), absl::Seconds(64));
    if (!link_.ended()) now_ = next;
  }
  EXPECT_GE(now_ - absl::UnixEpoch(), absl::Seconds(63));
  const LinkEnd end = link_.Run();
  EXPECT_EQ(end.exit_code, kExitSchedulerAway);
  EXPECT_THAT(end.message, HasSubstr("1m"));
}

TEST_F(LinkTest, EndsWhenItIsSentAwayForGood) {
  link_.Tick();
  v1::AttachResponse message;
  message.mutable_goodbye()->set_reason("DUPLICATE_WORKER");
  message.mutable_goodbye()->set_message("another worker has this name");
  scheduler_.Send(message);
  link_.Tick();
  scheduler_.Cut(absl::OkStatus());
  const LinkEnd end = link_.Run();
  EXPECT_EQ(end.exit_code, kExitRefused);
  EXPECT_THAT(end.message, HasSubstr("another worker has this name"));
}

TEST_F(LinkTest, ComesBackWhenItIsAskedTo) {
  Attach();
  v1::AttachResponse message;
  message.mutable_goodbye()->set_retry(true);
  scheduler_.Send(message);
  scheduler_.Cut(absl::OkStatus());
  now_ = link_.Tick();
  link_.Tick();
  EXPECT_FALSE(link_.ended());
  EXPECT_EQ(scheduler_.opened, 2);
}

TEST_F(LinkTest, StopsOnceEverythingOwedIsSent) {
  Attach();
  outbox_.SayDrained();
  link_.Stop({0, ""}, absl::Seconds(2));
  link_.Tick();
  EXPECT_FALSE(scheduler_.closed_by_worker);  // the message is not out yet
  EXPECT_TRUE(scheduler_.Take().back().has_drained());
  link_.Tick();
  EXPECT_TRUE(scheduler_.closed_by_worker);
  EXPECT_FALSE(scheduler_.cancelled);
  scheduler_.Cut(absl::OkStatus());
  EXPECT_EQ(link_.Run().exit_code, 0);
}

TEST_F(LinkTest, StopsAfterItsLingerWhenTheStreamDoesNotEnd) {
  Attach();
  link_.Stop({70, "broken"}, absl::Seconds(2));
  link_.Tick();
  now_ += absl::Seconds(2);
  link_.Tick();
  EXPECT_TRUE(scheduler_.cancelled);
  scheduler_.Cut(absl::CancelledError());
  EXPECT_EQ(link_.Run().message, "broken");
}

}  // namespace
}  // namespace hanga
