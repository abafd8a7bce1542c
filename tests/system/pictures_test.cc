// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// From a prompt to bytes, through real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/system/daemon.h"

namespace hanga::system {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kPngSignature[] = "\x89PNG\r\n";

class PicturesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    daemon_ = std::make_unique<Daemon>(DaemonSettings{
        .devices = {"cpu:0", "cpu:1"},
        .models = {{"demo", DemoModel()}, {"noop", NoopModel(*folder_, "noop", 20)}}});
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    folder_.reset();
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<Daemon> daemon_;
};

TEST_F(PicturesTest, GenerateStreamsTheDemoModelsPicture) {
  std::set<v1::TaskStage> stages;
  uint32_t previews = 0;
  v1::GenerateRequest request;
  *request.mutable_submit() = PictureRequest("demo");
  request.mutable_submit()->mutable_spec()->set_preview_interval(1);
  request.set_previews(true);
  request.set_max_rate(20);
  std::string picture;
  const auto job = daemon_->client().Generate(
      request, {.on_job =
                    [&](const v1::Job& job) {
                      for (const auto& task : job.tasks()) stages.insert(task.stage());
                    },
                .on_preview =
                    [&](const v1::Preview& preview) {
                      ++previews;
                      EXPECT_THAT(preview.data(), StartsWith(kPngSignature));
                    },
                .on_image =
                    [&](const v1::Artifact& artifact, std::string bytes) {
                      EXPECT_EQ(artifact.content_type(), "image/png");
                      EXPECT_EQ(artifact.width(), 64u);
                      EXPECT_EQ(artifact.seed(), 7u);
                      picture = std::move(bytes);
                      return absl::OkStatus();
                    }});
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::JOB_STATE_SUCCEEDED) << job->error().DebugString();
  EXPECT_THAT(picture, StartsWith(kPngSignature));
  EXPECT_THAT(picture, HasSubstr("a lighthouse at dusk")) << "parameters are in its text chunks";
  EXPECT_TRUE(stages.contains(v1::TASK_STAGE_DONE));
  EXPECT_GT(previews, 0u);
  ASSERT_EQ(job->tasks_size(), 1);
  EXPECT_EQ(job->tasks(0).step(), 4u);
}

TEST_F(PicturesTest, EveryWorkerDrawsTheSameBytes) {
  std::set<std::string> pictures, workers;
  for (const std::string other : {"cpu-0", "cpu-1"}) {
    ASSERT_TRUE(daemon_->client().Drain("workers/" + other, absl::Seconds(1)).ok());
    daemon_->AwaitWorker(other, v1::WORKER_STATE_DRAINED);
    const Pictures drawn = Draw(daemon_->client(), PictureRequest("demo"));
    pictures.insert(drawn.bytes.at(0));
    workers.insert(drawn.job.tasks(0).worker());
    ASSERT_TRUE(daemon_->client().Undrain("workers/" + other).ok());
    daemon_->AwaitWorker(other, v1::WORKER_STATE_READY);
  }
  EXPECT_EQ(workers.size(), 2u);
  EXPECT_EQ(pictures.size(), 1u);
}

TEST_F(PicturesTest, SpreadsTheImagesOfAJobOverTheWorkers) {
  const Pictures six = Draw(daemon_->client(), PictureRequest("noop", 7, 20, 6));
  std::set<std::string> workers;
  for (const auto& task : six.job.tasks()) workers.insert(task.worker());
  EXPECT_EQ(workers.size(), 2u);
  for (const auto& task : six.job.tasks()) {
    EXPECT_EQ(task.attempt(), 1u) << "a worker refused a task for which it was free";
  }
  // Image i is what a job of its own draws with seed + i.
  const Pictures third = Draw(daemon_->client(), PictureRequest("noop", 9, 20));
  EXPECT_EQ(six.bytes.at(2), third.bytes.at(0));
  EXPECT_NE(six.bytes.at(0), six.bytes.at(1));
}

TEST_F(PicturesTest, TheSameRequestIdMakesOneJob) {
  v1::SubmitJobRequest request = PictureRequest("noop");
  request.set_request_id(client::NewRequestId());
  const auto first = daemon_->client().Submit(request);
  const auto again = daemon_->client().Submit(request);
  ASSERT_TRUE(first.ok() && again.ok()) << first.status() << again.status();
  EXPECT_EQ(first->name(), again->name());
  request.mutable_spec()->set_prompt("something else");
  EXPECT_EQ(daemon_->client().Submit(request).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(PicturesTest, CancelTakesEffectWithinAStep) {
  const auto job = daemon_->client().Submit(PictureRequest("noop", 7, 1000));
  ASSERT_TRUE(job.ok()) << job.status();
  const v1::Job running = FollowUntil(daemon_->client(), job->name(),
                                      [](const v1::Job& job) { return TaskOf(job).step() >= 2; });
  ASSERT_EQ(running.state(), v1::JOB_STATE_RUNNING);
  const absl::Time asked = absl::Now();
  ASSERT_TRUE(daemon_->client().Cancel(job->name()).ok());
  const v1::Job ended =
      FollowUntil(daemon_->client(), job->name(), [](const v1::Job&) { return false; });
  EXPECT_EQ(ended.state(), v1::JOB_STATE_CANCELLED);
  EXPECT_LT(absl::Now() - asked, absl::Seconds(5)) << "1,000 steps take 20 s";
  // The worker is free again.
  Draw(daemon_->client(), PictureRequest("noop"));
  // Once it has ended, repeating it changes nothing.
  EXPECT_TRUE(daemon_->client().Cancel(job->name()).ok());
}

TEST_F(PicturesTest, WatchSendsRisingSequencesToTheEnd) {
  const auto job = daemon_->client().Submit(PictureRequest("noop", 7, 10));
  ASSERT_TRUE(job.ok()) << job.status();
  uint64_t last = 0;
  v1::WatchJobRequest request;
  request.set_name(job->name());
  request.set_max_rate(20);
  const auto ended = daemon_->client().Watch(request, {.on_job = [&](const v1::Job& job) {
                                               EXPECT_GT(job.sequence(), last);
                                               last = job.sequence();
                                             }});
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->state(), v1::JOB_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace hanga::system
