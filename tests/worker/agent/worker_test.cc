// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_link.h"
#include "tests/fakes/fake_pipeline.h"

namespace hanga {
namespace {

using ::testing::HasSubstr;

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    WorkerOptions options;
    options.id = "cpu-0";
    options.max_tasks = 2;
    options.device.set_id("cpu:0");
    options.step_loop.now = options.link.now = [this] { return now_; };
    options.link.away_timeout = absl::Seconds(60);
    worker_ = std::make_unique<Worker>(options, FakeEngine(&device_), &scheduler_);
  }

  void Welcome() {
    worker_->link().Tick();
    v1::AttachResponse message;
    v1::Welcome& welcome = *message.mutable_welcome();
    welcome.set_epoch(3);
    for (const char* name : {"a", "bad"}) {
      v1::ModelDeployment& model = *welcome.add_models();
      model.set_name(std::string("models/") + name);
      model.set_path(name);
      model.set_preload(preload_);
    }
    Collect();
    scheduler_.Send(message);
  }
  void Attach() {
    Welcome();
    Work();
  }
  void Work() {
    do {
      Collect();
    } while (worker_->examiner().RunOne() || worker_->step_loop().Turn() ||
             worker_->encoder().RunOne());
    Collect();
  }
  void Collect() {
    for (auto& message : scheduler_.Take()) {
      if (message.has_hello()) hello_ = message.hello();
      if (message.has_heartbeat()) heartbeat_ = message.heartbeat();
      if (message.has_drained()) ++drained_;
      if (message.has_model_report()) {
        reports_[message.model_report().model().name()] = message.model_report();
      }
      if (message.has_chunk()) bytes_[message.chunk().attempt().index()] = message.chunk().data();
      if (message.has_task_result()) {
        results_[message.task_result().attempt().index()] = message.task_result();
      }
      if (message.has_task_checkpoint()) {
        checkpoints_[message.task_checkpoint().attempt().index()] = message.task_checkpoint();
      }
    }
  }

  static v1::AttemptRef Attempt(uint32_t index, uint32_t attempt = 1) {
    v1::AttemptRef ref;
    ref.set_job("jobs/j");
    ref.set_index(index);
    ref.set_attempt(attempt);
    ref.set_token(100 * index + attempt);
    return ref;
  }
  void Assign(uint32_t index, int steps = 2) {
    v1::AttachResponse message;
    v1::Assignment& assignment = *message.mutable_assignment();
    *assignment.mutable_attempt() = Attempt(index);
    assignment.mutable_spec()->set_model("models/a");
    assignment.mutable_spec()->set_seed(index);
    assignment.mutable_spec()->set_steps(steps);
    scheduler_.Send(message);
  }
  void Verdict(uint32_t index, int code = 0) {
    v1::AttachResponse message;
    *message.mutable_task_verdict()->mutable_attempt() = Attempt(index);
    message.mutable_task_verdict()->set_code(code);
    scheduler_.Send(message);
  }
  void Hold(const std::string& model, bool hold) {
    v1::AttachResponse message;
    message.mutable_hold_model()->set_model(model);
    message.mutable_hold_model()->set_hold(hold);
    scheduler_.Send(message);
  }
  void Drain(int seconds) {
    v1::AttachResponse message;
    message.mutable_drain()->mutable_grace()->set_seconds(seconds);
    scheduler_.Send(message);
  }

  bool preload_ = false;
  absl::Time now_ = absl::UnixEpoch();
  FakeDevice device_;
  FakeScheduler scheduler_;
  std::unique_ptr<Worker> worker_;
  v1::Hello hello_;
  v1::Heartbeat heartbeat_;
  int drained_ = 0;
  std::map<std::string, v1::ModelReport> reports_;
  std::map<uint32_t, std::string> bytes_;
  std::map<uint32_t, v1::TaskResult> results_;
  std::map<uint32_t, v1::TaskCheckpoint> checkpoints_;
};

TEST_F(WorkerTest, IntroducesItselfAndExaminesTheModelsItIsTold) {
  Attach();
  EXPECT_EQ(hello_.worker_id(), "cpu-0");
  EXPECT_EQ(hello_.max_tasks(), 2u);
  EXPECT_EQ(hello_.device().id(), "cpu:0");
  EXPECT_EQ(reports_.at("models/a").model().state(), v1::MODEL_STATE_USABLE);
  EXPECT_EQ(reports_.at("models/bad").model().state(), v1::MODEL_STATE_UNUSABLE);
}

TEST_F(WorkerTest, HoldsATaskUntilItsVerdict) {
  Attach();
  Assign(0);
  Work();
  EXPECT_EQ(results_.at(0).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  scheduler_.Cut();
  now_ = worker_->link().Tick();
  Welcome();
  ASSERT_EQ(hello_.holding_size(), 1);
  EXPECT_EQ(hello_.holding(0).job(), "jobs/j");
  Work();
  Verdict(0);
  scheduler_.Cut();
  now_ = worker_->link().Tick();
  Welcome();
  EXPECT_EQ(hello_.holding_size(), 0);
}

TEST_F(WorkerTest, GoesOnThroughACutAndSendsWhatItFinishedMeanwhile) {
  Attach();
  Assign(0);
  scheduler_.Cut();
  while (worker_->step_loop().Turn() || worker_->encoder().RunOne()) {
  }
  const size_t steps = device_.batches.size();
  now_ = worker_->link().Tick();
  Welcome();
  EXPECT_EQ(hello_.holding_size(), 1);
  Work();
  EXPECT_EQ(results_.at(0).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_FALSE(bytes_.at(0).empty());
  EXPECT_EQ(device_.batches.size(), steps);
}

TEST_F(WorkerTest, StopsWorkingOnAStaleAttempt) {
  Attach();
  Assign(0, 100);
  worker_->step_loop().Turn();
  worker_->step_loop().Turn();
  Verdict(0, /*ABORTED=*/10);
  Work();
  EXPECT_EQ(device_.batches.size(), 1u);
  EXPECT_TRUE(results_.empty());
}

TEST_F(WorkerTest, RefusesMoreThanItCanHold) {
  Attach();
  for (uint32_t index = 0; index < 3; ++index) Assign(index);
  Work();
  EXPECT_EQ(results_.at(2).outcome(), v1::TASK_OUTCOME_REFUSED);
  EXPECT_THAT(results_.at(2).error().message(), HasSubstr("its limit is 2"));
  EXPECT_EQ(results_.at(1).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
}

TEST_F(WorkerTest, TakesAnAssignmentThatIsToldTwiceOnce) {
  Attach();
  Assign(0);
  Assign(0);
  Work();
  EXPECT_EQ(device_.batches.size(), 2u);
}

TEST_F(WorkerTest, IsDrainedWhenEveryTaskHasItsVerdictAndServesAgainAfter) {
  Attach();
  Assign(0);
  worker_->step_loop().Turn();
  Drain(60);
  Assign(1);
  Work();
  EXPECT_EQ(results_.at(0).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(results_.at(1).outcome(), v1::TASK_OUTCOME_REFUSED);
  EXPECT_EQ(drained_, 0);
  Verdict(0);
  Verdict(1);
  Work();
  EXPECT_EQ(drained_, 1);
  Assign(2);
  Work();
  EXPECT_EQ(results_.at(2).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
}

TEST_F(WorkerTest, SavesWhatItHoldsAndEndsWhenItIsTerminated) {
  Attach();
  Assign(0, 100);
  for (int i = 0; i < 3; ++i) worker_->step_loop().Turn();
  worker_->Terminate();
  Work();
  EXPECT_FALSE(heartbeat_.healthy());
  EXPECT_EQ(heartbeat_.problem(), "is shutting down");
  EXPECT_EQ(checkpoints_.at(0).step(), 2u);
  Verdict(0);
  Collect();
  EXPECT_EQ(drained_, 1);
  worker_->link().Tick();
  EXPECT_TRUE(scheduler_.closed_by_worker);
  scheduler_.Cut(absl::OkStatus());
  EXPECT_EQ(worker_->link().Run().exit_code, 0);
}

TEST_F(WorkerTest, KeepsTheGraceItWasGivenWhenItIsTerminated) {
  Attach();
  Assign(0, 5);
  worker_->step_loop().Turn();
  Drain(60);
  worker_->Terminate();
  Work();
  EXPECT_EQ(results_.at(0).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_TRUE(checkpoints_.empty());
}

TEST_F(WorkerTest, EndsAtOnceWhenItIsTerminatedTwice) {
  Attach();
  Assign(0, 100);
  worker_->Terminate();
  worker_->Terminate();
  worker_->link().Tick();
  EXPECT_TRUE(scheduler_.cancelled);
  scheduler_.Cut(absl::CancelledError());
  EXPECT_TRUE(worker_->link().ended());
}

TEST_F(WorkerTest, ReportsItsTasksAndEndsWhenTheDeviceFaults) {
  Attach();
  Assign(0);
  device_.step_status = absl::UnavailableError("an illegal memory access");
  Work();
  EXPECT_EQ(results_.at(0).error().reason(), "DEVICE_FAULT");
  worker_->link().Tick();
  EXPECT_TRUE(scheduler_.closed_by_worker);
  scheduler_.Cut(absl::OkStatus());
  const LinkEnd end = worker_->link().Run();
  EXPECT_EQ(end.exit_code, kExitDeviceFault);
  EXPECT_EQ(end.message, "device cpu:0 failed: an illegal memory access");
}

TEST_F(WorkerTest, LoadsAndUnloadsAModelWhenToldTo) {
  Attach();
  EXPECT_FALSE(reports_.at("models/a").loaded());
  Hold("models/a", true);
  Work();
  EXPECT_TRUE(reports_.at("models/a").loaded());
  Hold("models/a", false);
  Work();
  EXPECT_FALSE(reports_.at("models/a").loaded());
  EXPECT_EQ(device_.loads.size(), 1U);
}

TEST_F(WorkerTest, LoadsBeforeATaskWhatIsToBePreloaded) {
  preload_ = true;
  Attach();
  EXPECT_TRUE(reports_.at("models/a").loaded());
}

TEST_F(WorkerTest, KeepsAModelThatItIsToldToUnloadUntilItsTasksAreDone) {
  Attach();
  Assign(0);
  worker_->step_loop().Turn();
  worker_->step_loop().Turn();
  Hold("models/a", false);
  worker_->step_loop().Turn();
  Collect();
  EXPECT_TRUE(reports_.at("models/a").loaded());
  Work();
  EXPECT_EQ(results_.at(0).outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_FALSE(reports_.at("models/a").loaded());
}

TEST_F(WorkerTest, AModelThatCannotBeLoadedIsReported) {
  Attach();
  Hold("models/bad", true);
  Work();
  EXPECT_FALSE(reports_.at("models/bad").loaded());
  EXPECT_TRUE(device_.loads.empty());
}

TEST_F(WorkerTest, HeartbeatsTellWhatItCounts) {
  device_.model_bytes["a"] = 40;
  device_.held_bytes = 60;
  Attach();
  Assign(0, /*steps=*/3);
  Work();
  Assign(1, /*steps=*/1);
  Work();
  now_ = worker_->link().Tick();
  worker_->link().Tick();
  Collect();
  const v1::WorkerStats& stats = heartbeat_.stats();
  EXPECT_EQ(stats.weight_bytes(), 40U);
  EXPECT_EQ(stats.activation_bytes(), 20U);
  std::map<std::string, uint64_t> links, hits, misses;
  for (const v1::LinkStats& link : stats.links()) links[link.link()] = link.bytes();
  for (const v1::CacheStats& cache : stats.caches()) {
    hits[cache.cache()] = cache.hits();
    misses[cache.cache()] = cache.misses();
  }
  EXPECT_EQ(links["host_to_device"], 400U);
  EXPECT_EQ(links["file_to_device"], 40U);
  EXPECT_EQ(hits["model"], 1U);
  EXPECT_EQ(misses["model"], 1U);
  EXPECT_EQ(misses["prompt"], 2U);
}

}  // namespace
}  // namespace hanga
