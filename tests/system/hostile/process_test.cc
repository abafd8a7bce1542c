// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Processes that hang or are stopped, and a signal that is no reason to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/system/hostile/hostile_port.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;

class ProcessTest : public testing::Test {
 protected:
  ProcessTest()
      : daemon_({.devices = {"cpu:0"},
                 .models = {{"noop", NoopModel(folder_, "noop", 0)}},
                 .more = NoopWorkers() + "heartbeat = \"100ms\"\nlease = \"1s\"\n"}) {}

  TemporaryFolder folder_;
  Daemon daemon_;
};

TEST_F(ProcessTest, AStoppedWorkerIsKilledAndItsSuccessorDraws) {
  const auto stopped = static_cast<pid_t>(daemon_.Worker("cpu-0").pid());
  ASSERT_EQ(kill(stopped, SIGSTOP), 0);
  EXPECT_TRUE(Eventually([&] { return kill(stopped, 0) != 0; }, absl::Seconds(20)))
      << "it would hold its device for ever";
  EXPECT_THAT(daemon_.log(), HasSubstr("did not answer for 1s"));
  const Pictures pictures = Draw(daemon_.client(), PictureRequest("noop"));
  EXPECT_EQ(pictures.job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_NE(static_cast<pid_t>(daemon_.Worker("cpu-0").pid()), stopped);
}

TEST_F(ProcessTest, ASuspendedDaemonBlamesNoWorker) {
  const auto worker = daemon_.Worker("cpu-0").pid();
  daemon_.process().Signal(SIGSTOP);
  EXPECT_FALSE(Eventually([] { return false; }, absl::Seconds(3)));  // three leases
  daemon_.process().Signal(SIGCONT);
  EXPECT_EQ(Draw(daemon_.client(), PictureRequest("noop")).job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(daemon_.Worker("cpu-0").pid(), worker);
  EXPECT_THAT(daemon_.log(), HasSubstr("leases are extended"));
}

TEST_F(ProcessTest, SighupIsNoReasonToEnd) {
  daemon_.process().Signal(SIGHUP);
  EXPECT_TRUE(
      Eventually([&] { return daemon_.log().find("reloaded tokens") != std::string::npos; }));
  EXPECT_TRUE(daemon_.client().ListModels().ok());
}

TEST_F(ProcessTest, TellsOnWhichWorkersAModelIsLoaded) {
  Draw(daemon_.client(), PictureRequest("noop"));
  EXPECT_TRUE(Eventually([&] {
    const auto models = daemon_.client().ListModels();
    return models.ok() && models->at(0).loaded_on_size() == 1;
  }));
}

}  // namespace
}  // namespace hanga::system
