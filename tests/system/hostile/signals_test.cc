// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Somebody who cannot wait for the end.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/system/hostile/hostile_port.h"

namespace hanga::system {
namespace {

TEST(SignalsTest, ASecondSigtermEndsDaemonAndWorkersAtOnceAndLosesNoJob) {
  TemporaryFolder folder;
  Daemon daemon({.models = {{"noop", NoopModel(folder, "noop", 100)}}, .more = NoopWorkers()});
  const auto job = daemon.client().Submit(PictureRequest("noop", 7, 100));
  ASSERT_TRUE(job.ok()) << job.status();
  const auto begun = [](const v1::Job& job) { return TaskOf(job).step() >= 1; };
  FollowUntil(daemon.client(), job->name(), begun);
  const auto worker = static_cast<pid_t>(daemon.Worker("cpu-0").pid());
  ASSERT_GT(worker, 0);
  daemon.process().Signal(SIGTERM);
  ASSERT_TRUE(
      Eventually([&] { return daemon.log().find("stopping signal") != std::string::npos; }));
  EXPECT_TRUE(daemon.process().running()) << "the task has its grace";
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 128 + SIGTERM);
  EXPECT_TRUE(Eventually([&] { return kill(worker, 0) != 0; })) << "no orphan";

  daemon.Restart();
  EXPECT_EQ(FollowUntil(daemon.client(), job->name(), begun).state(), v1::JOB_STATE_RUNNING);
}

TEST(SignalsTest, AHangUpOfTheTerminalEndsNothing) {
  TemporaryFolder folder;
  Daemon daemon({.models = {{"noop", NoopModel(folder, "noop", 0)}}, .more = NoopWorkers()});
  daemon.process().Signal(SIGHUP);
  Draw(daemon.client(), PictureRequest("noop"));
}

}  // namespace
}  // namespace hanga::system
