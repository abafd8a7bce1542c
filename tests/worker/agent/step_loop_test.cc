// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/step_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_pipeline.h"
#include "worker/media/png.h"

namespace hanga {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

class StepLoopTest : public testing::Test {
 protected:
  StepLoopTest() {
    outbox_.Connected(0);
    v1::ModelDeployment deployment;
    deployment.set_name("models/a");
    deployment.set_path("a");
    book_.SetDeployments({deployment});
    book_.Examined(deployment, engine_.examine({.path = "a", .components = {}}));
    outbox_.Next();
  }

  static v1::Assignment Assignment(uint64_t seed, int steps, int width = 8) {
    v1::Assignment assignment;
    assignment.mutable_attempt()->set_job("jobs/" + std::to_string(seed));
    assignment.mutable_attempt()->set_token(seed);
    v1::GenerationSpec& spec = *assignment.mutable_spec();
    spec.set_model("models/a");
    spec.set_seed(seed);
    spec.set_steps(steps);
    spec.set_width(width);
    spec.set_height(8);
    return assignment;
  }
  void Assign(v1::Assignment assignment) {
    outbox_.Hold(assignment.attempt());
    loop_.Assign(std::move(assignment));
  }
  // Until a step was taken.
  void Step() {
    const size_t steps = device_.batches.size();
    while (device_.batches.size() == steps) ASSERT_TRUE(loop_.Turn());
  }
  void RunAll() {
    while (loop_.Turn() || encoder_.RunOne()) {
    }
  }
  // What the scheduler gets: results by job, and the bytes of the pictures.
  void Receive() {
    while (auto message = outbox_.Next()) {
      if (message->has_task_result()) {
        results_[message->task_result().attempt().job()] = message->task_result();
      } else if (message->has_chunk()) {
        bytes_[message->chunk().attempt().job()] += message->chunk().data();
      } else if (message->has_task_checkpoint()) {
        checkpoints_[message->task_checkpoint().attempt().job()] +=
            message->task_checkpoint().data();
      } else if (message->has_task_update() && message->task_update().has_preview()) {
        previews_.push_back(message->task_update().preview());
      }
    }
  }

  FakeDevice device_;
  Engine engine_ = FakeEngine(&device_);
  Outbox outbox_;
  ModelBook book_{&outbox_};
  Lane encoder_;
  absl::Time now_ = absl::UnixEpoch();
  absl::Status fault_;
  StepLoop loop_{
      {.max_batch = 8, .update_interval = absl::ZeroDuration(), .now = [this] { return now_; }},
      &engine_,
      &book_,
      &outbox_,
      &encoder_,
      [this](const absl::Status& status) { fault_ = status; }};
  std::map<std::string, v1::TaskResult> results_;
  std::map<std::string, std::string> bytes_, checkpoints_;
  std::vector<v1::Preview> previews_;
};

TEST_F(StepLoopTest, DrawsAPictureAndTellsWhereTheTimeWent) {
  Assign(Assignment(7, 3));
  RunAll();
  Receive();
  const v1::TaskResult& result = results_.at("jobs/7");
  EXPECT_EQ(result.outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(result.size_bytes(), bytes_.at("jobs/7").size());
  EXPECT_EQ(result.stage_seconds().count("denoise"), 1u);
  EXPECT_TRUE(DecodePng(bytes_.at("jobs/7")).ok());
  EXPECT_FALSE(loop_.Turn());
}

// Of a model over several devices: nobody's next step waits for another's.
TEST_F(StepLoopTest, StepsThatOverlapAreLaunchedBeforeTheOldestLands) {
  device_.launches = true;
  Assign(Assignment(1, 2));
  Step();
  Assign(Assignment(2, 2, /*width=*/16));  // of another shape
  RunAll();
  EXPECT_THAT(device_.flights,
              ElementsAre("up 1", "down 1", "up 2", "up 1", "down 2", "up 2", "down 1", "down 2"));
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(results_.at("jobs/2").outcome(), v1::TASK_OUTCOME_SUCCEEDED);
}

TEST_F(StepLoopTest, OneThatIsCancelledOnItsWayDoesNotLand) {
  device_.launches = true;
  Assign(Assignment(1, 2));
  Assign(Assignment(2, 3));
  Step();  // 1 has landed, 2 is on its way
  loop_.Cancel(Assignment(2, 3).attempt());
  RunAll();
  EXPECT_THAT(device_.flights, ElementsAre("up 1", "up 2", "down 1", "up 1", "down 1"));
  Receive();
  EXPECT_EQ(results_.at("jobs/2").outcome(), v1::TASK_OUTCOME_CANCELLED);
}

TEST_F(StepLoopTest, AStepThatFailsOnItsWayFailsItsTaskAlone) {
  device_.launches = true;
  Assign(Assignment(1, 2));
  Assign(Assignment(2, 2));
  Step();
  device_.step_status = absl::InternalError("a block failed");
  ASSERT_TRUE(loop_.Turn());  // launches 1, lands 2
  device_.step_status = absl::OkStatus();
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(results_.at("jobs/2").outcome(), v1::TASK_OUTCOME_FAILED);
}

TEST_F(StepLoopTest, UnpacksPicturesWhileOthersStep) {
  const Image picture{16, 24, std::vector<uint8_t>(size_t{3} * 16 * 24, 200)};
  v1::Assignment assignment = Assignment(2, 3);
  assignment.mutable_spec()->clear_width();
  assignment.mutable_spec()->clear_height();
  assignment.mutable_spec()->mutable_init_image()->set_sha256("picture");
  Assign(Assignment(1, 3));
  outbox_.Hold(assignment.attempt());
  loop_.Assign(assignment, {{"picture", std::make_shared<const std::string>(*EncodePng(picture))}});
  Step();
  EXPECT_THAT(device_.batches, ElementsAre(ElementsAre(1)));
  RunAll();
  Receive();
  EXPECT_THAT(device_.batches, SizeIs(6));  // of another size than the first: never one batch
  EXPECT_EQ(results_.at("jobs/2").outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  const auto picture_file = DecodePng(bytes_.at("jobs/2"));
  ASSERT_TRUE(picture_file.ok());
  EXPECT_THAT(picture_file->text, Contains(Pair("parameters", HasSubstr("Size: 16x24"))));
}

TEST_F(StepLoopTest, FailsTheTaskOfADamagedPictureAlone) {
  v1::Assignment assignment = Assignment(2, 3);
  assignment.mutable_spec()->mutable_init_image()->set_sha256("picture");
  Assign(Assignment(1, 3));
  outbox_.Hold(assignment.attempt());
  loop_.Assign(assignment, {{"picture", std::make_shared<const std::string>("GIF89a")}});
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_EQ(results_.at("jobs/2").error().reason(), "INVALID_ARGUMENT");
  EXPECT_THAT(results_.at("jobs/2").error().message(),
              HasSubstr("init_image: not a PNG, JPEG or WebP file"));
  EXPECT_FALSE(results_.at("jobs/2").retryable());
}

TEST_F(StepLoopTest, LetsGenerationsJoinAndLeaveAtStepBoundaries) {
  Assign(Assignment(1, 3));
  Step();
  Assign(Assignment(2, 3));
  RunAll();
  EXPECT_THAT(device_.batches,
              ElementsAre(ElementsAre(1), ElementsAre(1, 2), ElementsAre(1, 2), ElementsAre(2)));
}

TEST_F(StepLoopTest, DrawsTheSameInABatchAsAlone) {
  Assign(Assignment(1, 3));
  RunAll();
  Receive();
  const std::string alone = bytes_.at("jobs/1");
  outbox_.Forget(Assignment(1, 3).attempt());
  bytes_.clear();
  Assign(Assignment(2, 5));
  Step();
  Assign(Assignment(1, 3));
  RunAll();
  Receive();
  EXPECT_EQ(bytes_.at("jobs/1"), alone);
}

TEST_F(StepLoopTest, StepsOtherSizesAndDeterministicOnesOnTheirOwn) {
  Assign(Assignment(1, 1));
  Assign(Assignment(2, 1, /*width=*/16));
  v1::Assignment deterministic = Assignment(3, 1);
  deterministic.mutable_spec()->set_deterministic(true);
  Assign(deterministic);
  RunAll();
  EXPECT_THAT(device_.batches, ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3)));
}

TEST_F(StepLoopTest, CancelsWithinOneStep) {
  Assign(Assignment(1, 100));
  Assign(Assignment(2, 100));
  Step();
  loop_.Cancel(Assignment(1, 100).attempt());
  Step();
  EXPECT_THAT(device_.batches, ElementsAre(ElementsAre(1, 2), ElementsAre(2)));
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_CANCELLED);
}

TEST_F(StepLoopTest, HearsACancelThatComesDuringAStepBeforeTheNext) {
  Assign(Assignment(1, 100));
  device_.during_step = [this] { loop_.Cancel(Assignment(1, 100).attempt()); };
  RunAll();
  EXPECT_THAT(device_.batches, SizeIs(1));
}

TEST_F(StepLoopTest, CancelsWhatHasNotBegun) {
  Assign(Assignment(1, 3));
  loop_.Cancel(Assignment(1, 3).attempt());
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_CANCELLED);
  EXPECT_THAT(device_.loads, SizeIs(0));
}

TEST_F(StepLoopTest, DropsAStaleTaskWithoutAWord) {
  Assign(Assignment(1, 3));
  Step();
  loop_.Drop(Assignment(1, 3).attempt());
  RunAll();
  Receive();
  EXPECT_TRUE(results_.empty());
  EXPECT_THAT(device_.batches, SizeIs(1));
}

TEST_F(StepLoopTest, StepsSmallerBatchesWhenMemoryRunsOut) {
  device_.fits = 2;
  for (uint64_t seed = 1; seed <= 4; ++seed) Assign(Assignment(seed, 2));
  RunAll();
  Receive();
  EXPECT_THAT(results_, SizeIs(4));
  for (const auto& [job, result] : results_) {
    EXPECT_EQ(result.outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  }
  for (const auto& batch : device_.batches) EXPECT_LE(batch.size(), 2u);
}

TEST_F(StepLoopTest, FailsATaskThatDoesNotFitAlone) {
  device_.fits = 0;
  Assign(Assignment(1, 2));
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_FAILED);
  EXPECT_EQ(results_.at("jobs/1").error().reason(), "OUT_OF_MEMORY");
  EXPECT_TRUE(results_.at("jobs/1").retryable());
}

TEST_F(StepLoopTest, DoesNotRetryARequestThatIsWrong) {
  device_.prepare_status = absl::InvalidArgumentError("steps: 0 is not within 1 to 1000");
  Assign(Assignment(1, 0));
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").error().reason(), "INVALID_ARGUMENT");
  EXPECT_THAT(results_.at("jobs/1").error().message(), HasSubstr("steps: 0"));
  EXPECT_FALSE(results_.at("jobs/1").retryable());
}

TEST_F(StepLoopTest, RefusesAModelThatItDoesNotHave) {
  v1::Assignment assignment = Assignment(1, 2);
  assignment.mutable_spec()->set_model("models/other");
  Assign(assignment);
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_REFUSED);
}

TEST_F(StepLoopTest, FailsEverythingAndTellsWhenTheDeviceFaults) {
  Assign(Assignment(1, 2));
  Assign(Assignment(2, 2));
  device_.step_status = absl::UnavailableError("an illegal memory access");
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").error().reason(), "DEVICE_FAULT");
  EXPECT_EQ(results_.at("jobs/2").error().reason(), "DEVICE_FAULT");
  EXPECT_EQ(fault_, device_.step_status);
}

TEST_F(StepLoopTest, SavesAtTheEndOfADrainAndGoesOnElsewhereToTheSameBits) {
  Assign(Assignment(1, 10));
  RunAll();
  Receive();
  const std::string undisturbed = bytes_.at("jobs/1");
  outbox_.Forget(Assignment(1, 10).attempt());
  bytes_.clear();

  Assign(Assignment(1, 10));
  Step();
  Step();
  loop_.Drain(absl::Seconds(5));
  Step();  // within the grace it goes on
  now_ += absl::Seconds(5);
  RunAll();
  Receive();
  ASSERT_EQ(checkpoints_.count("jobs/1"), 1u);
  EXPECT_TRUE(bytes_.empty());
  outbox_.Forget(Assignment(1, 10).attempt());

  const size_t steps = device_.batches.size();
  v1::Assignment resumed = Assignment(1, 10);
  resumed.set_checkpoint(checkpoints_.at("jobs/1"));
  Assign(resumed);
  RunAll();
  Receive();
  EXPECT_EQ(bytes_.at("jobs/1"), undisturbed);
  EXPECT_EQ(device_.batches.size() - steps, 7u);
}

TEST_F(StepLoopTest, HandsBackWhatHasNotBegunWhenItDrains) {
  Assign(Assignment(1, 2));
  loop_.Drain(absl::Seconds(60));
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_REFUSED);
}

TEST_F(StepLoopTest, BeginsAnewWithACheckpointThatIsNotUsable) {
  v1::Assignment assignment = Assignment(1, 2);
  assignment.set_checkpoint("garbage");
  Assign(assignment);
  RunAll();
  Receive();
  EXPECT_EQ(results_.at("jobs/1").outcome(), v1::TASK_OUTCOME_SUCCEEDED);
  EXPECT_THAT(device_.batches, SizeIs(2));
}

TEST_F(StepLoopTest, SendsPreviewsAtTheIntervalAskedFor) {
  v1::Assignment assignment = Assignment(1, 6);
  assignment.mutable_spec()->set_preview_interval(2);
  Assign(assignment);
  for (int i = 0; i < 6; ++i) {
    Step();
    while (encoder_.RunOne()) {
    }
    Receive();
  }
  ASSERT_THAT(previews_, SizeIs(2));  // the last step needs none
  EXPECT_EQ(previews_[0].step(), 2u);
  EXPECT_EQ(previews_[1].step(), 4u);
  EXPECT_TRUE(DecodePng(previews_[0].data()).ok());
}

TEST_F(StepLoopTest, WaitsForAModelThatIsNotExaminedYet) {
  v1::ModelDeployment deployment;
  deployment.set_name("models/a");
  deployment.set_path("a");
  deployment.set_revision("2");
  book_.SetDeployments({deployment});
  Assign(Assignment(1, 2));
  EXPECT_FALSE(loop_.Turn());
  book_.Examined(deployment, engine_.examine({.path = "a", .components = {}}));
  EXPECT_TRUE(loop_.Turn());
}

TEST_F(StepLoopTest, MeasuresStepsBySizeAndReportsThemWithEveryPicture) {
  device_.during_step = [&] { now_ += absl::Milliseconds(300); };
  Assign(Assignment(1, 3));
  Assign(Assignment(2, 2, 16));
  RunAll();
  v1::ModelPlacement placement;
  while (auto message = outbox_.Next()) {
    if (message->has_model_report()) placement = message->model_report().placement();
  }
  ASSERT_EQ(placement.step_times_size(), 2);
  for (const v1::StepTimes& times : placement.step_times()) {
    EXPECT_NEAR(times.measured_seconds(), 0.3, 1e-9);
    EXPECT_EQ(times.steps(), times.width() == 8 ? 2u : 1u) << "the first does not count";
    EXPECT_EQ(times.predicted_seconds(), times.width() == 8 ? 0.25 : 0.0);
  }
}

TEST_F(StepLoopTest, TellsTheJobAndTheModelWhatWentOtherwiseThanPlanned) {
  Assign(Assignment(1, 2));
  device_.during_step = [&] { device_.notes = {"out of memory: planned again"}; };
  RunAll();
  std::string note, model_note;
  while (auto message = outbox_.Next()) {
    if (message->has_task_update()) note += message->task_update().note();
    if (message->has_model_report() && message->model_report().placement().notes_size() > 0) {
      model_note = message->model_report().placement().notes(0);
    }
  }
  EXPECT_EQ(model_note, "out of memory: planned again");
}

TEST_F(StepLoopTest, HandsBackWhatDoesNotFitHereWithoutAnAttempt) {
  device_.model_bytes["a"] = device_.free_bytes + 1;
  v1::ModelDeployment deployment;
  deployment.set_name("models/a");
  deployment.set_path("a");
  deployment.set_revision("2");
  book_.SetDeployments({deployment});
  book_.Examined(deployment, engine_.examine({.path = "a", .components = {}}));
  Assign(Assignment(1, 2));
  RunAll();
  Receive();
  EXPECT_EQ(results_["jobs/1"].outcome(), v1::TASK_OUTCOME_REFUSED);
  EXPECT_THAT(results_["jobs/1"].error().message(), HasSubstr("MiB"));
}

}  // namespace
}  // namespace hanga
