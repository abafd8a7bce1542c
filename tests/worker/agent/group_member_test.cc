// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/group_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "tests/fakes/fake_group.h"
#include "tests/fakes/fake_pipeline.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

class GroupMemberTest : public testing::Test {
 protected:
  GroupMemberTest() {
    engine_.door = door_;
    outbox_.Connected(0);
    v1::ModelDeployment deployment;
    deployment.set_name("models/a");
    deployment.set_path("a");
    deployment.set_dtype("float32");
    deployment.set_revision("1");
    deployment.set_group_size(2);
    book_.SetDeployments({deployment});
    book_.Examined(deployment, engine_.examine({.path = "a", .components = {}}));
    outbox_.set_wake([this] {
      const absl::MutexLock lock(&mutex_);
      ++wakes_;
    });
  }

  static v1::SetGroup Place(uint64_t number, uint32_t rank) {
    v1::SetGroup place;
    place.set_group(number);
    place.set_rank(rank);
    for (const char* worker : {"workers/x", "workers/y"}) {
      place.add_members()->set_worker(worker);
    }
    place.set_secret(std::string(32, 's'));
    return place;
  }

  // The next report of the group; the outbox wakes when there is one.
  v1::GroupReport NextReport() {
    for (;;) {
      while (auto message = outbox_.Next()) {
        if (message->has_group_report()) return message->group_report();
      }
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](int* wakes) { return *wakes > 0; }, &wakes_));
      wakes_ = 0;
    }
  }
  v1::Assignment Assignment(uint64_t token, int steps) {
    v1::Assignment assignment;
    assignment.mutable_attempt()->set_job("jobs/1");
    assignment.mutable_attempt()->set_token(token);
    assignment.mutable_spec()->set_model("models/a");
    assignment.mutable_spec()->set_steps(steps);
    assignment.mutable_spec()->set_width(8);
    assignment.mutable_spec()->set_height(8);
    outbox_.Hold(assignment.attempt());
    return assignment;
  }
  std::optional<v1::TaskResult> Result() {
    std::optional<v1::TaskResult> result;
    while (auto message = outbox_.Next()) {
      if (message->has_task_result()) result = message->task_result();
    }
    return result;
  }

  FakeDevice device_;
  std::shared_ptr<FakeDoor> door_ = std::make_shared<FakeDoor>();
  Engine engine_ = FakeEngine(&device_);
  Outbox outbox_;
  ModelBook book_{&outbox_};
  Lane encoder_;
  StepLoop loop_{{}, &engine_, &book_, &outbox_, &encoder_, [](const absl::Status&) {}};
  absl::Mutex mutex_;
  int wakes_ = 0;
  absl::Notification left_;
  GroupMember member_{&engine_, &book_, &outbox_, &loop_, [this] { left_.Notify(); }};
};

TEST_F(GroupMemberTest, AFollowerServesUntilTheSchedulerTakesItBack) {
  const auto group = std::make_shared<FakeGroup>();
  door_->Prepare(group);
  member_.Set(Place(7, 1));
  EXPECT_TRUE(member_.follows());
  const v1::GroupReport ready = NextReport();
  EXPECT_TRUE(ready.ready());
  EXPECT_EQ(ready.group(), 7u);
  ASSERT_EQ(door_->places().size(), 1u);
  EXPECT_EQ(door_->places()[0].rank, 1);
  EXPECT_EQ(door_->places()[0].workers[0], "workers/x");
  member_.Set(v1::SetGroup());
  left_.WaitForNotification();
  EXPECT_FALSE(member_.follows());
  EXPECT_TRUE(group->following());
  ASSERT_TRUE(group->found().ok()) << group->found().status();
  EXPECT_EQ(group->found()->files.path, "a");
  EXPECT_EQ(group->found()->options.dtype, "float32");
  while (auto message = outbox_.Next()) {
    EXPECT_FALSE(message->has_group_report()) << "the scheduler knows that it is over";
  }
}

TEST_F(GroupMemberTest, RanksThatDoNotMeetAreReportedWithTheSuspect) {
  member_.Set(Place(7, 0));
  const v1::GroupReport report = NextReport();
  EXPECT_FALSE(report.ready());
  EXPECT_THAT(report.problem(), HasSubstr("was not met"));
  EXPECT_EQ(report.suspect(), 1u);
}

TEST_F(GroupMemberTest, ALeaderHasAnImageForEachRankAndLosesThemWithTheGroup) {
  const auto group = std::make_shared<FakeGroup>();
  door_->Prepare(group);
  EXPECT_EQ(member_.size(), 1u);
  member_.Set(Place(7, 0));
  EXPECT_TRUE(NextReport().ready());
  EXPECT_EQ(member_.size(), 2u);
  EXPECT_FALSE(member_.follows());
  loop_.Assign(Assignment(1, 1000));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop_.Turn());
  group->Abort("workers/y (rank 1) closed the connection");
  EXPECT_THAT(NextReport().problem(), HasSubstr("workers/y"));
  loop_.Turn();
  const auto result = Result();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().reason(), "GROUP_LOST");
  EXPECT_TRUE(result->retryable());
  EXPECT_EQ(device_.loads.size(), 1u);
  // Without a group its model is not for this worker.
  loop_.Assign(Assignment(2, 3));
  loop_.Turn();
  const auto refused = Result();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->outcome(), v1::TASK_OUTCOME_REFUSED);
}

TEST_F(GroupMemberTest, AWorkerWithoutADoorJoinsNothing) {
  engine_.door = nullptr;
  member_.Set(Place(7, 1));
  EXPECT_FALSE(NextReport().ready());
}

}  // namespace
}  // namespace hanga
