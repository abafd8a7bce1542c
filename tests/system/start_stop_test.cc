// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How hangad starts, refuses to start, and stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Finished Hangad(const TemporaryFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), Program("hangad"));
  return RunToEnd(arguments, folder / "second");
}

TEST(StartStopTest, SaysThatThePortIsTaken) {
  Daemon daemon({.devices = {}});
  TemporaryFolder folder;
  const Finished second = Hangad(folder, {"--listen", daemon.address(), "--data", folder / "data"});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_THAT(second.err, HasSubstr(daemon.address()));
}

TEST(StartStopTest, SaysThatTheDataFolderIsInUse) {
  Daemon daemon({.devices = {}});
  TemporaryFolder folder;
  const std::string data = daemon.folder() / "data";
  const Finished second = Hangad(folder, {"--listen", "127.0.0.1:0", "--data", data});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_THAT(second.err, AllOf(HasSubstr(data), HasSubstr("use")));
  EXPECT_TRUE(daemon.client().ListModels().ok()) << "the first one goes on";
}

TEST(StartStopTest, NamesTheLineOfAnUnknownKey) {
  TemporaryFolder folder;
  const std::string config =
      folder.Write("hangad.toml", "[server]\nlisten = \"127.0.0.1:0\"\nprot = 1\n");
  const Finished result = Hangad(folder, {"--config", config, "--data", folder / "data"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("hangad.toml:3"), HasSubstr("prot")));
}

TEST(StartStopTest, AWorkerThatCannotStartIsReportedAndTheDaemonGoesOn) {
  TemporaryFolder folder;
  Daemon daemon({.devices = {"cpu:0"},
                 .models = {{"noop", NoopModel(folder, "noop", 0)}},
                 .more = "program = \"/bin/false\"\nrestart_least = \"10ms\"\ncrash_limit = 3\n"},
                /*wait=*/false);
  daemon.AwaitWorker("cpu-0", v1::WORKER_STATE_QUARANTINED);
  EXPECT_THAT(daemon.Worker("cpu-0").problem(), Not(IsEmpty()));
}

TEST(StartStopTest, SigtermEndsDaemonAndWorkersAndKeepsWhatWasRunning) {
  TemporaryFolder folder;
  Daemon daemon({.models = {{"noop", NoopModel(folder, "noop", 20)}}});
  const auto job = daemon.client().Submit(PictureRequest("noop", 7, 60));
  ASSERT_TRUE(job.ok()) << job.status();
  FollowUntil(daemon.client(), job->name(),
              [](const v1::Job& job) { return TaskOf(job).step() >= 1; });
  const pid_t worker = static_cast<pid_t>(daemon.Worker("cpu-0").pid());
  ASSERT_GT(worker, 0);
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
  EXPECT_TRUE(Eventually([&] { return kill(worker, 0) != 0; }, absl::Seconds(20)));

  daemon.Restart();
  const Pictures resumed = Fetch(daemon.client(), job->name());
  EXPECT_EQ(resumed.bytes, Draw(daemon.client(), PictureRequest("noop", 7, 60)).bytes);
}

}  // namespace
}  // namespace hanga::system
