// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model that several worker processes run together: the same bytes as one, whatever happens to
// one of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "absl/strings/str_cat.h"
#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;

// Steps take some 10 ms, so that a fault comes in the middle of them.
v1::SubmitJobRequest LongPicture(uint32_t images = 1) {
  v1::SubmitJobRequest request = PictureRequest("demo", 7, 60, images);
  request.mutable_spec()->set_width(256);
  request.mutable_spec()->set_height(256);
  return request;
}

// What one worker draws; the same for every test.
const Pictures& DrawnAlone(const v1::SubmitJobRequest& request) {
  static auto* drawn = new std::map<std::string, Pictures>;
  const std::string key = request.SerializeAsString();
  if (!drawn->contains(key)) {
    Daemon alone({.devices = {"cpu:0"}, .models = {{"demo", DemoModel()}}});
    (*drawn)[key] = Draw(alone.client(), request);
  }
  return drawn->at(key);
}

class GroupsTest : public testing::Test {
 protected:
  // `workers` CPU workers, of which groups of `size` run the demo model.
  void Start(int workers, int size) {
    DaemonSettings settings;
    settings.devices.clear();
    for (int i = 0; i < workers; ++i) settings.devices.push_back(absl::StrCat("cpu:", i));
    settings.more =
        absl::StrCat("heartbeat = \"200ms\"\nlease = \"4s\"\nrestart_least = \"20ms\"\n",
                     "[[model]]\nname = \"demo\"\npath = \"", DemoModel(),
                     "\"\nmode = \"split\"\ngroup_size = ", size, "\n");
    daemon_ = std::make_unique<Daemon>(settings);
    AwaitGroup(size);
  }

  // The id of a worker that leads a group whose ranks have met; empty if there is none.
  std::string Leader() {
    const auto workers = daemon_->client().ListWorkers();
    if (!workers.ok()) return "";
    for (const v1::Worker& worker : *workers) {
      if (worker.group().ready() && worker.group().rank() == 0) return worker.name().substr(8);
    }
    return "";
  }
  void AwaitGroup(int size) {
    EXPECT_TRUE(Eventually([&] {
      const std::string leader = Leader();
      return !leader.empty() && daemon_->Worker(leader).group().workers_size() == size;
    })) << daemon_->log();
  }
  // The worker at a rank of the group.
  v1::Worker Rank(int rank) {
    const v1::Worker leader = daemon_->Worker(Leader());
    if (rank >= leader.group().workers_size()) return {};
    return daemon_->Worker(leader.group().workers(rank).substr(8));
  }
  std::string SubmitAndAwaitStep(const v1::SubmitJobRequest& request, uint32_t step) {
    const auto job = daemon_->client().Submit(request);
    EXPECT_TRUE(job.ok()) << job.status();
    FollowUntil(daemon_->client(), job->name(),
                [&](const v1::Job& seen) { return TaskOf(seen).step() >= step; });
    return job->name();
  }

  std::unique_ptr<Daemon> daemon_;
};

TEST_F(GroupsTest, TwoAndThreeWorkersTogetherDrawTheBytesOfOne) {
  const v1::SubmitJobRequest request = PictureRequest("demo", 7, 4, 3);
  const Pictures& alone = DrawnAlone(request);
  for (const int size : {2, 3}) {
    Start(size, size);
    const Pictures together = Draw(daemon_->client(), request);
    EXPECT_EQ(together.bytes, alone.bytes) << size << " workers";
    for (const auto& task : together.job.tasks()) {
      EXPECT_EQ(task.worker(), "workers/" + Leader()) << "the leader alone is given tasks";
    }
    EXPECT_THAT(Rank(size - 1).group().rank(), size - 1);
    daemon_.reset();
  }
}

TEST_F(GroupsTest, ARankThatIsKilledCostsAnAttemptAndTheGroupIsPutTogetherAnew) {
  const v1::SubmitJobRequest request = LongPicture();
  const Pictures& alone = DrawnAlone(request);
  for (const int rank : {1, 0}) {
    Start(2, 2);
    const std::string job = SubmitAndAwaitStep(request, 5);
    ASSERT_EQ(kill(static_cast<pid_t>(Rank(rank).pid()), SIGKILL), 0);
    const Pictures drawn = Fetch(daemon_->client(), job);
    EXPECT_EQ(drawn.bytes, alone.bytes) << "rank " << rank;
    ASSERT_EQ(drawn.job.tasks_size(), 1);
    EXPECT_GE(TaskOf(drawn.job).attempt(), 2u) << "it was killed while it ran";
    AwaitGroup(2);
    daemon_.reset();
  }
}

TEST_F(GroupsTest, ARankThatIsStoppedIsLeftAndAnotherTakesItsPlace) {
  const v1::SubmitJobRequest request = LongPicture();
  const Pictures& alone = DrawnAlone(request);
  Start(3, 2);
  const std::string job = SubmitAndAwaitStep(request, 5);
  const v1::Worker stopped = Rank(1);
  ASSERT_EQ(kill(static_cast<pid_t>(stopped.pid()), SIGSTOP), 0);
  const Pictures drawn = Fetch(daemon_->client(), job);
  EXPECT_EQ(drawn.bytes, alone.bytes);
  EXPECT_EQ(TaskOf(drawn.job).attempt(), 2u);
  EXPECT_NE(Rank(1).name(), stopped.name());
  // The daemon may have replaced it meanwhile.
  kill(static_cast<pid_t>(stopped.pid()), SIGCONT);
  daemon_->AwaitWorker(stopped.name().substr(8), v1::WORKER_STATE_READY);
}

// Its workers outlive the daemon and attach to the next one while the leader goes on drawing.
TEST_F(GroupsTest, AGroupThatOutlivesTheDaemonsRestartDrawsOn) {
  v1::SubmitJobRequest request = LongPicture();
  const Pictures& alone = DrawnAlone(request);
  Start(2, 2);
  const std::string job = SubmitAndAwaitStep(request, 5);
  const auto pids = std::make_pair(Rank(0).pid(), Rank(1).pid());
  ASSERT_EQ(kill(static_cast<pid_t>(daemon_->process().pid()), SIGKILL), 0);
  daemon_->Restart();
  const Pictures drawn = Fetch(daemon_->client(), job);
  EXPECT_EQ(drawn.bytes, alone.bytes);
  AwaitGroup(2);
  EXPECT_EQ(std::make_pair(Rank(0).pid(), Rank(1).pid()), pids) << "nobody was restarted";
  EXPECT_EQ(Draw(daemon_->client(), request).bytes, alone.bytes) << "the group draws on";
}

TEST_F(GroupsTest, ADrainedMemberHandsThePictureOnToAnotherGroup) {
  const v1::SubmitJobRequest request = LongPicture();
  const Pictures& alone = DrawnAlone(request);
  Start(3, 2);
  const std::string job = SubmitAndAwaitStep(request, 5);
  const v1::Worker member = Rank(1);
  ASSERT_TRUE(daemon_->client().Drain(member.name(), absl::ZeroDuration()).ok());
  const Pictures drawn = Fetch(daemon_->client(), job);
  EXPECT_EQ(drawn.bytes, alone.bytes);
  daemon_->AwaitWorker(member.name().substr(8), v1::WORKER_STATE_DRAINED);
  ASSERT_TRUE(daemon_->client().Undrain(member.name()).ok());
  daemon_->AwaitWorker(member.name().substr(8), v1::WORKER_STATE_READY);
}

TEST_F(GroupsTest, ACancelTakesEffectWithinAStep) {
  Start(2, 2);
  v1::SubmitJobRequest request = LongPicture();
  request.mutable_spec()->set_steps(1000);
  const std::string job = SubmitAndAwaitStep(request, 3);
  ASSERT_TRUE(daemon_->client().Cancel(job).ok());
  const v1::Job ended = FollowUntil(daemon_->client(), job, [](const v1::Job&) { return false; });
  EXPECT_EQ(ended.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_LT(TaskOf(ended).step(), 1000u);
  Draw(daemon_->client(), PictureRequest("demo"));
}

TEST_F(GroupsTest, WorkersAreListedWithTheirPlaces) {
  Start(2, 2);
  const Finished listed = RunToEnd({Program("hanga"), "--address", daemon_->address(), "workers"},
                                   daemon_->folder() / "listed");
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_THAT(listed.out, HasSubstr("leads 2"));
  EXPECT_THAT(listed.out, HasSubstr(absl::StrCat("follows ", Leader())));
}

}  // namespace
}  // namespace hanga::system
