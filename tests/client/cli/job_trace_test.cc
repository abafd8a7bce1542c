// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/job_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

namespace hanga::cli {
namespace {

using nlohmann::json;

const absl::Time kStart = absl::UnixEpoch() + absl::Hours(1000);

v1::Job JobAt(v1::TaskStage stage, uint32_t step) {
  v1::Job job;
  job.set_name("jobs/3f2a");
  job.mutable_create_time()->set_seconds(absl::ToUnixSeconds(kStart));
  job.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kStart) + 1);
  job.mutable_end_time()->set_seconds(absl::ToUnixSeconds(kStart) + 10);
  v1::TaskProgress& task = *job.add_tasks();
  task.set_stage(stage);
  task.set_step(step);
  task.set_attempt(1);
  task.set_worker("workers/cpu-0");
  return job;
}

// Spans by name: begin and length in milliseconds after kStart.
std::map<std::string, std::pair<int64_t, int64_t>> Spans(const std::string& text) {
  std::map<std::string, std::pair<int64_t, int64_t>> spans;
  const json document = json::parse(text);
  for (const json& event : document["traceEvents"]) {
    if (event["ph"] != "X") continue;
    spans[event["name"]] = {(event["ts"].get<int64_t>() - absl::ToUnixMicros(kStart)) / 1000,
                            event["dur"].get<int64_t>() / 1000};
  }
  return spans;
}

TEST(JobTraceTest, TurnsWhatWasSeenIntoStagesAndSteps) {
  JobTrace trace;
  const auto see = [&](v1::TaskStage stage, uint32_t step, int ms) {
    trace.See(JobAt(stage, step), kStart + absl::Milliseconds(ms));
  };
  see(v1::TASK_STAGE_LOADING, 0, 1000);
  see(v1::TASK_STAGE_DENOISING, 0, 3000);
  see(v1::TASK_STAGE_DENOISING, 1, 4000);
  see(v1::TASK_STAGE_DENOISING, 3, 6000);
  see(v1::TASK_STAGE_DECODING, 3, 7000);
  see(v1::TASK_STAGE_DONE, 3, 9000);
  const auto spans = Spans(trace.ToChromeJson(JobAt(v1::TASK_STAGE_DONE, 3)));
  EXPECT_EQ(spans.at("loading"), std::pair(int64_t{1000}, int64_t{2000}));
  EXPECT_EQ(spans.at("denoising"), std::pair(int64_t{3000}, int64_t{4000}));
  EXPECT_EQ(spans.at("step 1"), std::pair(int64_t{3000}, int64_t{1000}));
  EXPECT_EQ(spans.at("step 2"), std::pair(int64_t{4000}, int64_t{1000}));
  EXPECT_EQ(spans.at("step 3"), std::pair(int64_t{5000}, int64_t{1000}));
  EXPECT_EQ(spans.at("queued"), std::pair(int64_t{0}, int64_t{1000}));
  EXPECT_EQ(spans.at("running"), std::pair(int64_t{1000}, int64_t{9000}));
}

TEST(JobTraceTest, TakesTheHistoryOfAJobThatHasEnded) {
  v1::Job job = JobAt(v1::TASK_STAGE_DONE, 3);
  v1::Attempt& attempt = *job.add_attempts();
  attempt.set_attempt(2);
  attempt.set_worker("workers/cpu-1");
  attempt.set_outcome(v1::ATTEMPT_OUTCOME_SUCCEEDED);
  attempt.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kStart) + 2);
  attempt.mutable_end_time()->set_seconds(absl::ToUnixSeconds(kStart) + 5);
  v1::JobEvent& event = *job.add_events();
  event.set_state(v1::JOB_STATE_RUNNING);
  event.set_message("given to workers/cpu-1");
  event.mutable_time()->set_seconds(absl::ToUnixSeconds(kStart) + 2);
  const std::string text = JobTrace().ToChromeJson(job);
  const auto spans = Spans(text);
  EXPECT_EQ(spans.at("attempt 2"), std::pair(int64_t{2000}, int64_t{3000}));
  EXPECT_EQ(spans.at("running"), std::pair(int64_t{2000}, int64_t{8000}));
  EXPECT_THAT(text, testing::HasSubstr("given to workers/cpu-1"));
  EXPECT_THAT(text, testing::HasSubstr("\"outcome\":\"succeeded\""));
}

}  // namespace
}  // namespace hanga::cli
