// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Real processes: shell scripts stand for workers.
#include "server/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "server/local_process.h"

namespace hanga {
namespace {

using testing::HasSubstr;

class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    std::string pattern = testing::TempDir() + "/supervisor.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SupervisorTest() override {
    if (supervisor_ != nullptr) supervisor_->Stop(absl::ZeroDuration());
    supervisor_.reset();
    std::filesystem::remove_all(folder_);
  }

  SupervisorOptions Options(const std::string& script) {
    return {.folder = folder_,
            .workers = {{"cpu-0", "cpu:0", {"/bin/sh", "-c", script}}},
            .restart = {.least = absl::Milliseconds(1),
                        .most = absl::Milliseconds(4),
                        .crash_limit = 3,
                        .crash_window = absl::Minutes(1),
                        .quarantine = absl::Hours(1)}};
  }

  void Start(SupervisorOptions options) {
    auto supervisor = Supervisor::Start(std::move(options), [this](const WorkerProcess& process) {
      absl::MutexLock lock(&mutex_);
      reports_.push_back(process);
    });
    ASSERT_TRUE(supervisor.ok()) << supervisor.status();
    supervisor_ = *std::move(supervisor);
  }

  // The first report not yet taken, once there is one.
  WorkerProcess NextReport() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](SupervisorTest* test) {
          test->mutex_.AssertHeld();
          return !test->reports_.empty();
        },
        this));
    WorkerProcess report = reports_.front();
    reports_.erase(reports_.begin());
    return report;
  }

  std::string folder_;
  absl::Mutex mutex_;
  std::vector<WorkerProcess> reports_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(SupervisorTest, StartsAProcessAndStopsItWithSigterm) {
  Start(Options("exec sleep 1000"));
  const WorkerProcess started = NextReport();
  EXPECT_EQ(started.worker_id, "cpu-0");
  EXPECT_EQ(started.state, v1::WORKER_STATE_STARTING);
  EXPECT_EQ(kill(static_cast<pid_t>(started.pid), 0), 0);
  supervisor_->Stop(absl::Seconds(30));
  EXPECT_EQ(kill(static_cast<pid_t>(started.pid), 0), -1);
}

TEST_F(SupervisorTest, KillsAProcessThatOutstaysItsGrace) {
  signal(SIGTERM, SIG_IGN);  // inherited, so that there is no moment at which it would heed it
  Start(Options("exec sleep 1000"));
  const auto pid = static_cast<pid_t>(NextReport().pid);
  signal(SIGTERM, SIG_DFL);
  supervisor_->Stop(absl::Milliseconds(50));
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(SupervisorTest, TellsHowAProcessEndedAndWhatItSaidLast) {
  Start(Options("echo first >&2; echo 'no such device' >&2; exit 78"));
  NextReport();
  const WorkerProcess ended = NextReport();
  EXPECT_EQ(ended.state, v1::WORKER_STATE_BACKING_OFF);
  EXPECT_EQ(ended.problem, "the worker's process exited with status 78: no such device");
  EXPECT_EQ(ended.stderr_tail, "first\nno such device\n");
  EXPECT_GT(ended.retry_time, absl::Now() - absl::Minutes(1));
}

TEST_F(SupervisorTest, QuarantinesACrashLoopUntilItIsReleased) {
  Start(Options("kill -SEGV $$"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(NextReport().state, v1::WORKER_STATE_STARTING);
    const WorkerProcess ended = NextReport();
    EXPECT_EQ(ended.state, v1::WORKER_STATE_BACKING_OFF);
    EXPECT_THAT(ended.problem, HasSubstr("killed by signal 11"));
  }
  NextReport();
  const WorkerProcess given_up = NextReport();
  EXPECT_EQ(given_up.state, v1::WORKER_STATE_QUARANTINED);
  EXPECT_EQ(given_up.restarts, 3);
  EXPECT_GT(given_up.retry_time, absl::Now() + absl::Minutes(50));
  supervisor_->Release("cpu-0");
  EXPECT_EQ(NextReport().state, v1::WORKER_STATE_STARTING);
}

TEST_F(SupervisorTest, SaysWhatToDoAboutAProgramThatCannotRun) {
  SupervisorOptions options = Options("");
  options.workers[0].arguments = {"/nonexistent/hanga-worker"};
  Start(std::move(options));
  EXPECT_THAT(NextReport().problem, HasSubstr("cannot run /nonexistent/hanga-worker; set"));
}

TEST_F(SupervisorTest, AdoptsWhatAnEarlierDaemonStarted) {
  Start(Options("exec sleep 1000"));
  const uint32_t pid = NextReport().pid;
  supervisor_.reset();
  EXPECT_EQ(kill(static_cast<pid_t>(pid), 0), 0) << "outlives its supervisor";
  Start(Options("exit 1"));
  const WorkerProcess adopted = NextReport();
  EXPECT_EQ(adopted.state, v1::WORKER_STATE_STARTING);
  EXPECT_EQ(adopted.pid, pid);
  kill(static_cast<pid_t>(pid), SIGKILL);
  EXPECT_EQ(NextReport().state, v1::WORKER_STATE_BACKING_OFF);
}

TEST_F(SupervisorTest, EndsProcessesOfDevicesThatAreNotConfiguredAnyMore) {
  Start(Options("exec sleep 1000"));
  const auto pid = static_cast<pid_t>(NextReport().pid);
  supervisor_.reset();
  SupervisorOptions none = Options("");
  none.workers.clear();
  Start(std::move(none));
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED), 0);
  EXPECT_EQ(info.si_status, SIGTERM);
}

TEST_F(SupervisorTest, NeverBlocksAWriterWhileNoDaemonReads) {
  const ProcessFiles files{folder_ + "/w.pid", folder_ + "/w.output"};
  const std::string done = folder_ + "/done";
  // A megabyte: more than the pipe holds.
  auto process = LocalProcess::Start(
      files, {"/bin/sh", "-c", absl::StrCat("head -c 1000000 /dev/zero 2>/dev/null; : > ", done)});
  ASSERT_TRUE(process.ok()) << process.status();
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(process->pid()), &info, WEXITED), 0);
  EXPECT_TRUE(std::filesystem::exists(done));
}

TEST_F(SupervisorTest, TakesALeftoverPidFileForNoProcess) {
  std::ofstream(folder_ + "/cpu-0.pid") << getpid() << "\n";
  auto adopted = LocalProcess::Adopt({folder_ + "/cpu-0.pid", folder_ + "/cpu-0.output"});
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_FALSE(adopted->has_value());
}

TEST_F(SupervisorTest, StartsNoSecondProcessBesideALiveOne) {
  const ProcessFiles files{folder_ + "/w.pid", folder_ + "/w.output"};
  auto first = LocalProcess::Start(files, {"/bin/sleep", "1000"});
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = LocalProcess::Start(files, {"/bin/sleep", "1000"});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  first->Signal(SIGKILL);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(first->pid()), &info, WEXITED);
}

TEST_F(SupervisorTest, KillsAProcessThatDoesNotAnswerAndStartsItAgain) {
  Start(Options("kill -STOP $$"));
  const WorkerProcess stopped = NextReport();
  supervisor_->Kill("another", "did not answer");
  supervisor_->Kill("cpu-0", "did not answer for 10s");
  const WorkerProcess ended = NextReport();
  EXPECT_EQ(ended.state, v1::WORKER_STATE_BACKING_OFF);
  EXPECT_THAT(ended.problem, HasSubstr("did not answer for 10s and was killed by signal 9"));
  const WorkerProcess again = NextReport();
  EXPECT_EQ(again.state, v1::WORKER_STATE_STARTING);
  EXPECT_NE(again.pid, stopped.pid);
}

}  // namespace
}  // namespace hanga
