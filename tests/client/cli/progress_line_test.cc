// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hanga::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const absl::Time kStart = absl::FromUnixSeconds(1'000);

v1::Job RunningJob() {
  v1::Job job;
  job.set_name("jobs/3f2a");
  job.set_state(v1::JOB_STATE_RUNNING);
  job.mutable_spec()->set_steps(20);
  job.mutable_start_time()->set_seconds(1'000);
  const auto add = [&](v1::TaskStage stage, uint32_t step) {
    v1::TaskProgress* task = job.add_tasks();
    task->set_stage(stage);
    task->set_step(step);
    task->set_steps(stage == v1::TASK_STAGE_QUEUED ? 0 : 20);
  };
  add(v1::TASK_STAGE_DONE, 20);
  add(v1::TASK_STAGE_DENOISING, 10);
  add(v1::TASK_STAGE_DENOISING, 10);
  add(v1::TASK_STAGE_QUEUED, 0);
  return job;
}

TEST(ProgressLineTest, AddsUpImagesAndStepsOfAllTasks) {
  const JobProgress progress = Progress(RunningJob(), kStart + absl::Seconds(12));
  EXPECT_EQ(progress.images_done, 1u);
  EXPECT_EQ(progress.images, 4u);
  EXPECT_EQ(progress.steps_done, 40u);
  EXPECT_EQ(progress.steps, 80u);
  EXPECT_EQ(progress.elapsed, absl::Seconds(12));
  ASSERT_TRUE(progress.remaining.has_value());
  EXPECT_EQ(*progress.remaining, absl::Seconds(12)) << "half is done, the rest takes as long";
}

TEST(ProgressLineTest, TakesTheServersPredictionWhereItHasOne) {
  v1::Job job = RunningJob();
  int seconds = 3;
  for (auto& task : *job.mutable_tasks()) task.mutable_remaining()->set_seconds(seconds++);
  EXPECT_EQ(*Progress(job, kStart).remaining, absl::Seconds(6));
}

TEST(ProgressLineTest, DrawsABarAsWideAsTheTerminalLeaves) {
  EXPECT_EQ(BarLine(RunningJob(), kStart + absl::Seconds(12), 200),
            "3f2a  [===================>                  ]   50%  images 1/4  steps 40/80  "
            "denoising  0:12 elapsed, 0:12 left");
  for (int width : {0, 10, 40, 80, 100}) {
    EXPECT_LE(BarLine(RunningJob(), kStart, width).size(), static_cast<size_t>(width));
  }
  EXPECT_THAT(BarLine(RunningJob(), kStart, 80), Not(HasSubstr("[")));
}

TEST(ProgressLineTest, TellsAQueuedJobsPlaceAndStart) {
  v1::Job job;
  job.set_name("jobs/3f2a");
  job.set_state(v1::JOB_STATE_QUEUED);
  job.set_queue_position(3);
  job.mutable_predicted_start_time()->set_seconds(1'090);
  EXPECT_EQ(BarLine(job, kStart, 80), "3f2a  queued, 3 ahead, starts in about 1:30");
  EXPECT_EQ(PlainLine(job, kStart), "jobs/3f2a queued, 3 ahead, starts in about 1:30");
}

TEST(ProgressLineTest, StopsTheClockOfAFinishedJob) {
  v1::Job job = RunningJob();
  job.set_state(v1::JOB_STATE_FAILED);
  job.mutable_end_time()->set_seconds(1'005);
  EXPECT_EQ(Progress(job, kStart + absl::Hours(1)).elapsed, absl::Seconds(5));
}

}  // namespace
}  // namespace hanga::cli
