// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// kill -9, at the worst moment.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

constexpr uint32_t kSteps = 40;

bool InTheMiddle(const v1::Job& job) {
  return TaskOf(job).step() >= 2 && TaskOf(job).step() < kSteps;
}

TEST(CrashTest, AKilledWorkersJobSucceedsOnTheNextAttemptWithTheSameBytes) {
  TemporaryFolder folder;
  Daemon daemon(
      {.models = {{"noop", NoopModel(folder, "noop", 50)}}, .more = "restart_least = \"10ms\"\n"});
  const std::vector<std::string> expected =
      Draw(daemon.client(), PictureRequest("noop", 7, kSteps)).bytes;

  const auto job = daemon.client().Submit(PictureRequest("noop", 7, kSteps));
  ASSERT_TRUE(job.ok()) << job.status();
  const v1::Job running = FollowUntil(daemon.client(), job->name(), InTheMiddle);
  ASSERT_EQ(running.state(), v1::JOB_STATE_RUNNING);
  const pid_t worker = static_cast<pid_t>(daemon.Worker("cpu-0").pid());
  ASSERT_GT(worker, 0);
  ASSERT_EQ(kill(worker, SIGKILL), 0);

  const Pictures after = Fetch(daemon.client(), job->name());
  EXPECT_EQ(after.bytes, expected);
  EXPECT_EQ(TaskOf(after.job).attempt(), 2u);
  EXPECT_NE(daemon.Worker("cpu-0").pid(), static_cast<uint32_t>(worker));
}

TEST(CrashTest, QueuedAndRunningJobsSurviveAKilledDaemon) {
  TemporaryFolder folder;
  Daemon daemon({.models = {{"noop", NoopModel(folder, "noop", 50)}}});
  std::vector<std::string> jobs;
  for (uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    const auto job = daemon.client().Submit(PictureRequest("noop", seed, kSteps));
    ASSERT_TRUE(job.ok()) << job.status();
    jobs.push_back(job->name());
  }
  ASSERT_EQ(FollowUntil(daemon.client(), jobs[0], InTheMiddle).state(), v1::JOB_STATE_RUNNING);
  daemon.process().Signal(SIGKILL);
  daemon.Restart();
  for (size_t i = 0; i < jobs.size(); ++i) {
    const Pictures pictures = Fetch(daemon.client(), jobs[i]);
    ASSERT_EQ(pictures.bytes.size(), 1u);
    EXPECT_EQ(pictures.job.spec().seed(), i + 1);
  }
  EXPECT_EQ(daemon.client().List({})->jobs_size(), static_cast<int>(jobs.size()));
}

TEST(CrashTest, AClientThatFollowsAJobOutlivesTheDaemonsRestart) {
  TemporaryFolder folder;
  Daemon daemon({.models = {{"noop", NoopModel(folder, "noop", 50)}}});
  Process generate(
      {Program("hanga"), "--address", daemon.address(), "generate", "a boat", "--json", "--model",
       "noop", "--steps", std::to_string(kSteps), "--size", "64x64", "-o", folder / "out/"},
      folder / "generate");
  ASSERT_TRUE(Eventually([&] {
    return generate.out().find("JOB_STATE_RUNNING") != std::string::npos || !generate.running();
  }));
  daemon.process().Signal(SIGKILL);
  daemon.Restart();
  EXPECT_EQ(generate.Wait(), 0) << generate.out() << generate.err();
  EXPECT_EQ(daemon.client().List({})->jobs_size(), 1) << "and it made no second job";
}

}  // namespace
}  // namespace hanga::system
