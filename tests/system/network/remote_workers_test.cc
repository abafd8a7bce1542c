// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers on other hosts, over wires that are slow, lossy and cut.
#include "tests/system/network/remote_workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>

namespace hanga::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kSteps = 60;  // 3 s

class RemoteWorkersTest : public testing::Test {
 protected:
  void SetUp() override {
    static const absl::Status* const possible = new absl::Status(RemoteWorkers::Possible());
    if (!possible->ok()) GTEST_SKIP() << "no hosts can be made here: " << *possible;
  }

  // Follows a job to its end; every step of an image is told once, or passed over, but not again.
  static v1::Job ExpectNoStepTwice(Daemon& daemon, const std::string& job) {
    uint32_t step = 0;
    return FollowUntil(daemon.client(), job, [&](const v1::Job& told) {
      EXPECT_GE(TaskOf(told).step(), step) << told.ShortDebugString();
      EXPECT_LE(TaskOf(told).attempt(), 1u) << told.ShortDebugString();
      step = TaskOf(told).step();
      return false;
    });
  }

  static std::string Submitted(Daemon& daemon, uint64_t seed) {
    const auto job = daemon.client().Submit(PictureRequest("noop", seed, kSteps));
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? job->name() : "";
  }

  // How long a wire is cut is what is tested.
  static void Pass(absl::Duration time) {
    EXPECT_FALSE(Eventually([] { return false; }, time));
  }

  static v1::Job AwaitStep(Daemon& daemon, const std::string& job, uint32_t step) {
    return FollowUntil(daemon.client(), job,
                       [&](const v1::Job& told) { return TaskOf(told).step() >= step; });
  }
};

TEST_F(RemoteWorkersTest, DrawTheSameOverASlowWireThatLosesFrames) {
  RemoteWorkers workers("heartbeat = \"500ms\"\nlease = \"5s\"\n");
  for (const size_t box : {0, 1}) {
    workers.wire(box).Delay(absl::Milliseconds(50));
    workers.wire(box).Lose(0.02);
  }
  workers.StartBoth();
  Daemon& daemon = workers.daemon();
  const Pictures drawn = Draw(daemon.client(), PictureRequest("noop", 7, 10, 8));
  std::set<std::string> by;
  for (const v1::TaskProgress& task : drawn.job.tasks()) by.insert(task.worker());
  EXPECT_EQ(by, (std::set<std::string>{"workers/box-1", "workers/box-2"}));
  for (uint32_t i = 0; i < 8; ++i) {  // a seed further is the next image's drawing
    EXPECT_EQ(Draw(daemon.client(), PictureRequest("noop", 7 + i, 10)).bytes[0], drawn.bytes[i]);
  }
  EXPECT_GT(workers.wire(0).lost() + workers.wire(1).lost(), 0u);
}

// A short cut is bridged by TCP; after a longer one the worker has given the stream up and connects
// anew.
TEST_F(RemoteWorkersTest, ACutShorterThanTheLeaseRepeatsNoStep) {
  RemoteWorkers workers("heartbeat = \"200ms\"\nlease = \"5s\"\n");
  workers.StartBoth();
  Daemon& daemon = workers.daemon();
  const Pictures expected = Draw(daemon.client(), PictureRequest("noop", 7, kSteps));
  for (const double share : {0.4, 0.7}) {
    const std::string job = Submitted(daemon, 7);
    const std::string worker = TaskOf(AwaitStep(daemon, job, 3)).worker();
    Wire& wire = workers.wire(RemoteWorkers::BoxOf(worker));
    wire.Cut();
    Pass(absl::Seconds(5) * share);
    wire.Mend();
    const v1::Job ended = ExpectNoStepTwice(daemon, job);
    EXPECT_EQ(ended.state(), v1::JOB_STATE_SUCCEEDED);
    EXPECT_EQ(TaskOf(ended).worker(), worker) << share;
    EXPECT_EQ(Fetch(daemon.client(), job).bytes, expected.bytes);
  }
}

TEST_F(RemoteWorkersTest, ACutLongerThanTheLeaseMovesTheTaskAndTheLateResultIsRefused) {
  RemoteWorkers workers("heartbeat = \"200ms\"\nlease = \"2s\"\n");
  workers.StartBoth();
  Daemon& daemon = workers.daemon();
  const Pictures expected = Draw(daemon.client(), PictureRequest("noop", 7, kSteps));
  const std::string job = Submitted(daemon, 7);
  const std::string first = TaskOf(AwaitStep(daemon, job, 3)).worker();
  const size_t box = RemoteWorkers::BoxOf(first);
  workers.wire(box).Cut();
  // The first one finishes in its solitude, since it is two seconds ahead.
  const v1::Job moved = FollowUntil(daemon.client(), job, [](const v1::Job& told) {
    return TaskOf(told).attempt() == 2 && TaskOf(told).step() >= kSteps / 2;
  });
  EXPECT_NE(TaskOf(moved).worker(), first);
  workers.wire(box).Mend();
  EXPECT_TRUE(Eventually([&] {
    return workers.worker(box).err().find("the attempt is not current") != std::string::npos;
  })) << workers.worker(box).err();

  const Pictures after = Fetch(daemon.client(), job);
  EXPECT_EQ(after.bytes, expected.bytes);
  EXPECT_EQ(after.job.artifacts_size(), 1);
  EXPECT_EQ(TaskOf(after.job).attempt(), 2u);
  EXPECT_EQ(TaskOf(after.job).worker(), TaskOf(moved).worker());
  daemon.AwaitWorker(RemoteWorkers::Id(box), v1::WORKER_STATE_READY);
}

TEST_F(RemoteWorkersTest, ARestartOfTheSchedulerRepeatsNoStep) {
  RemoteWorkers workers("heartbeat = \"500ms\"\nlease = \"10s\"\n");
  workers.StartBoth();
  Daemon& daemon = workers.daemon();
  const std::string job = Submitted(daemon, 7);
  const std::string worker = TaskOf(AwaitStep(daemon, job, 3)).worker();
  daemon.process().Signal(SIGKILL);
  daemon.Restart();
  const v1::Job ended = ExpectNoStepTwice(daemon, job);
  EXPECT_EQ(ended.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(TaskOf(ended).worker(), worker);
}

TEST_F(RemoteWorkersTest, StrangersAreRefused) {
  RemoteWorkers workers("");
  Papers wrong_token = workers.GoodPapers();
  wrong_token.token = workers.StrangersToken();
  Papers no_token = workers.GoodPapers();
  no_token.token.clear();
  Papers wrong_ca = workers.GoodPapers();
  wrong_ca.ca = workers.StrangersCa();
  Papers no_certificate = workers.GoodPapers();
  no_certificate.certificate.clear();
  no_certificate.key.clear();
  Papers no_tls = {.token = workers.GoodPapers().token};
  for (const auto& [papers, says] : {std::pair{wrong_token, "UNAUTHENTICATED"},
                                     {no_token, "UNAUTHENTICATED"},
                                     {wrong_ca, "UNAVAILABLE"},
                                     {no_certificate, "UNAVAILABLE"},
                                     {no_tls, "UNAVAILABLE"}}) {
    workers.Start(0, papers, "stranger");
    EXPECT_TRUE(Eventually([&] {
      return workers.worker(0).err().find("not attached to the scheduler") != std::string::npos;
    })) << says;
    EXPECT_THAT(workers.worker(0).err(), AllOf(HasSubstr(says), Not(HasSubstr("epoch"))));
    EXPECT_TRUE(workers.daemon().Worker("stranger").name().empty());
  }
  workers.StartBoth();
}

}  // namespace
}  // namespace hanga::system
