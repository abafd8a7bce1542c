// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers that are put together, and come apart.
#include <gmock/gmock.h>

#include <set>

#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class GroupsTest : public SchedulerTest {
 protected:
  GroupsTest() {
    options_.models[0].deployment.set_mode("split");
    options_.models[0].deployment.set_group_size(2);
    Open();
    for (FakeWorker* worker : {&a_, &b_}) Join(*worker);
  }

  void Join(FakeWorker& worker, const std::string& device = "cpu:0") {
    worker.hello().set_group_address("127.0.0.1:4000");
    worker.hello().mutable_device()->set_id(device);
    worker.Connect(*scheduler_);
    Settle();
  }
  // The place that it was last given.
  v1::SetGroup Place(FakeWorker& worker) {
    const auto places = worker.TakeGroups();
    EXPECT_FALSE(places.empty()) << worker.id() << " was told nothing";
    return places.empty() ? v1::SetGroup() : places.back();
  }
  // Both say that they have met.
  void Meet() {
    const v1::SetGroup first = Place(a_), second = Place(b_);
    ASSERT_NE(first.group(), 0u);
    a_.ReportGroup(first.group(), true);
    b_.ReportGroup(second.group(), true);
    Settle();
  }
  v1::Worker Listed(const std::string& id) {
    const auto workers = scheduler_->ListWorkers({});
    for (const auto& worker : workers->workers()) {
      if (worker.name() == "workers/" + id) return worker;
    }
    return {};
  }

  FakeWorker a_{"a", 1}, b_{"b", 2}, c_{"c", 3};
};

TEST_F(GroupsTest, GivesRanksAddressesAndOneSecret) {
  const v1::SetGroup first = Place(a_), second = Place(b_);
  EXPECT_EQ(first.group(), second.group());
  EXPECT_EQ(first.secret(), second.secret());
  EXPECT_THAT(first.secret(), SizeIs(32));
  EXPECT_EQ(first.rank(), 0u);
  EXPECT_EQ(second.rank(), 1u);
  ASSERT_EQ(first.members_size(), 2);
  EXPECT_EQ(first.members(1).worker(), "workers/b");
  EXPECT_EQ(first.members(1).address(), "127.0.0.1:4000");
}

TEST_F(GroupsTest, GivesTasksToTheLeaderAloneOnceAllHaveMet) {
  const auto job = Submit(Request(3));
  Settle();
  const v1::SetGroup first = Place(a_);
  EXPECT_THAT(a_.TakeAssignments(), IsEmpty()) << "they have not met";
  a_.ReportGroup(first.group(), true);
  Settle();
  EXPECT_THAT(a_.TakeAssignments(), IsEmpty()) << "one has not met the other";
  b_.ReportGroup(first.group(), true);
  Settle();
  EXPECT_THAT(a_.TakeAssignments(), SizeIs(2)) << "an image for each device";
  EXPECT_THAT(b_.TakeAssignments(), IsEmpty());
  EXPECT_TRUE(Listed("b").group().ready());
  EXPECT_EQ(Listed("b").group().rank(), 1u);
}

TEST_F(GroupsTest, AWorkerWithoutAnotherOneWaits) {
  Join(c_);
  EXPECT_THAT(c_.TakeGroups(), IsEmpty());
}

TEST_F(GroupsTest, DevicesOfTwoKindsFormNoGroup) {
  FakeWorker gpu("d", 4);
  Join(c_);
  Join(gpu, "cuda:0");
  EXPECT_THAT(gpu.TakeGroups(), IsEmpty());
}

TEST_F(GroupsTest, ALostMemberBreaksTheGroupAndTheAttemptCounts) {
  Meet();
  const auto job = Submit(Request());
  const auto first = Next(a_);
  Join(c_);
  b_.Disconnect();
  clock_.Advance(options_.workers.lease / 2 + absl::Milliseconds(1));
  a_.Heartbeat();
  c_.Heartbeat();
  clock_.Advance(options_.workers.lease / 2);
  a_.Heartbeat();
  c_.Heartbeat();
  Settle();
  clock_.Advance(absl::Seconds(1));
  Settle();
  const v1::SetGroup next = Place(a_);
  EXPECT_NE(next.group(), 0u);
  EXPECT_EQ(Place(c_).group(), next.group()) << "the one that is left takes another";
  a_.ReportGroup(next.group(), true);
  c_.ReportGroup(next.group(), true);
  Settle();
  const auto second = Next(a_);
  EXPECT_EQ(second.attempt().attempt(), 2u);
  EXPECT_EQ(Get(job->name()).tasks(0).attempt(), 2u);
}

TEST_F(GroupsTest, ALeaderThatLostItsGroupGetsNoTaskBeforeItSaysSo) {
  Meet();
  ASSERT_TRUE(Submit(Request()).ok());
  const auto first = Next(a_);
  a_.Fail(first.attempt(), "GROUP_LOST");
  Settle();
  EXPECT_THAT(a_.TakeAssignments(), IsEmpty());
  EXPECT_FALSE(Listed("a").group().ready());
}

TEST_F(GroupsTest, ASuspectIsNotAskedAgainBeforeItIsHeard) {
  Meet();
  Join(c_);
  const uint64_t number = Listed("a").group().number();
  a_.ReportGroup(number, false, "workers/b is silent", 1);
  clock_.Advance(absl::Seconds(1));
  Settle();
  EXPECT_EQ(Place(b_).group(), 0u);
  EXPECT_EQ(Place(a_).group(), Place(c_).group());
  EXPECT_EQ(Listed("b").group().workers_size(), 0);
}

TEST_F(GroupsTest, AReportOfAnEarlierGroupChangesNothing) {
  Meet();
  a_.ReportGroup(12345, false, "of yesterday");
  Settle();
  EXPECT_TRUE(Listed("a").group().ready());
}

TEST_F(GroupsTest, RanksThatDoNotMeetAreTakenApart) {
  Place(a_);
  clock_.Advance(absl::Seconds(5));
  for (int i = 0; i < 20; ++i) {
    a_.Heartbeat();
    b_.Heartbeat();
    clock_.Advance(absl::Seconds(5));
    Settle();
  }
  EXPECT_THAT(a_.TakeGroups(), SizeIs(testing::Ge(2u)));
}

TEST_F(GroupsTest, ADrainedFollowerDrainsTheLeaderFirst) {
  Meet();
  const auto job = Submit(Request());
  const auto held = Next(a_);
  v1::DrainWorkerRequest drain;
  drain.set_name("workers/b");
  ASSERT_TRUE(scheduler_->DrainWorker(drain).ok());
  Settle();
  EXPECT_EQ(a_.TakeDrains(), 1);
  EXPECT_EQ(Listed("b").state(), v1::WORKER_STATE_DRAINING);
  a_.Save(held.attempt(), 3, "saved");
  Settle();
  a_.SayDrained();
  clock_.Advance(absl::Seconds(1));
  Settle();
  EXPECT_EQ(Listed("b").state(), v1::WORKER_STATE_DRAINED);
  EXPECT_EQ(Place(b_).group(), 0u);
  EXPECT_EQ(Get(job->name()).state(), v1::JOB_STATE_QUEUED) << "it waits for another group";
}

TEST_F(GroupsTest, AModelOfOneWorkerIsNotForFollowers) {
  Meet();
  ModelOptions single;
  single.deployment.set_name("models/single");
  auto models = options_.models;
  models.push_back(single);
  scheduler_->SetModels(models);
  for (FakeWorker* worker : {&a_, &b_}) {
    worker->Report("models/single", v1::MODEL_STATE_USABLE);
  }
  Settle();
  auto request = Request(4);
  request.mutable_spec()->set_model("models/single");
  ASSERT_TRUE(Submit(request).ok());
  Settle();
  EXPECT_FALSE(a_.TakeAssignments().empty()) << "the leader draws it alone";
  EXPECT_THAT(b_.TakeAssignments(), IsEmpty());
}

}  // namespace
}  // namespace hanga
