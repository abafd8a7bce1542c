// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Results of an earlier job answer an identical request that allows it.
#include <gmock/gmock.h>

#include <filesystem>

#include "scheduler/check_store.h"
#include "scheduler/result_key.h"
#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class CacheTest : public SchedulerTest {
 protected:
  CacheTest() {
    worker_.facts().set_sha256("11");
    Open();
    worker_.Connect(*scheduler_);
  }

  static v1::SubmitJobRequest Cacheable(uint32_t images = 1) {
    auto request = Request(images);
    request.mutable_spec()->set_allow_cached_result(true);
    return request;
  }

  // A job whose images were drawn.
  v1::Job Drawn(const v1::SubmitJobRequest& request, const std::string& tenant = "") {
    const auto job = Submit(request, tenant);
    EXPECT_TRUE(job.ok()) << job.status();
    for (uint32_t i = 0; i < request.spec().num_images(); ++i) {
      worker_.Succeed(Next(worker_).attempt(), "picture " + std::to_string(i));
      Settle();
      worker_.TakeVerdicts();
    }
    const v1::Job drawn = Get(job->name());
    EXPECT_EQ(drawn.state(), v1::JOB_STATE_SUCCEEDED);
    return drawn;
  }
  std::string BytesOf(const v1::Artifact& artifact) {
    const auto file = scheduler_->OpenArtifact({"", true}, artifact.name());
    return file.ok() ? *file->Read(0, 100) : std::string(file.status().message());
  }

  FakeWorker worker_{"w", 1};
};

TEST_F(CacheTest, AnswersAtOnceWithArtifactsOfItsOwn) {
  const v1::Job drawn = Drawn(Request(2));
  const auto again = Submit(Cacheable(2));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(again->cached_from(), drawn.name());
  ASSERT_EQ(again->artifacts_size(), 2);
  EXPECT_EQ(BytesOf(again->artifacts(1)), "picture 1");
  EXPECT_EQ(again->artifacts(1).seed(), drawn.artifacts(1).seed());
  EXPECT_THAT(again->artifacts(0).name(), HasSubstr(again->name()));
  const v1::Job kept = Get(again->name());
  EXPECT_THAT(kept.attempts(), IsEmpty());
  ASSERT_EQ(kept.events_size(), 2);
  EXPECT_THAT(kept.events(1).message(), HasSubstr(drawn.name()));
  EXPECT_EQ(scheduler_->measures().cached, 1U);
}

TEST_F(CacheTest, DrawsWhereTheRequestDoesNotAllowItOrDiffers) {
  Drawn(Request());
  EXPECT_EQ(Submit(Request())->state(), v1::JOB_STATE_QUEUED);
  auto other = Cacheable();
  other.mutable_spec()->set_prompt("a lighthouse.");
  EXPECT_EQ(Submit(other)->state(), v1::JOB_STATE_QUEUED);
  other = Cacheable();
  other.mutable_spec()->clear_seed();
  EXPECT_EQ(Submit(other)->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(CacheTest, TakesDefaultsForWhatTheyAre) {
  Drawn(Request());
  auto explicit_default = Cacheable();
  explicit_default.mutable_spec()->set_steps(20);
  explicit_default.mutable_spec()->set_preview_interval(5);
  explicit_default.set_priority(v1::PRIORITY_HIGH);
  (*explicit_default.mutable_labels())["a"] = "b";
  EXPECT_EQ(Submit(explicit_default)->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(CacheTest, NeverGivesOneTenantTheResultsOfAnother) {
  Drawn(Request(), "one");
  EXPECT_EQ(Submit(Cacheable(), "two")->state(), v1::JOB_STATE_QUEUED);
  EXPECT_EQ(Submit(Cacheable(), "one")->state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(CacheTest, DrawsAnewOnceTheModelsFilesHaveChanged) {
  Drawn(Request());
  worker_.facts().set_sha256("22");
  worker_.Report("models/a", v1::MODEL_STATE_USABLE);
  EXPECT_EQ(Submit(Cacheable())->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(CacheTest, KeepsNothingOfAModelThatChangedBetweenTwoImages) {
  const auto job = Submit(Request(2));
  worker_.Succeed(Next(worker_).attempt(), "old");
  worker_.facts().set_sha256("22");
  worker_.Report("models/a", v1::MODEL_STATE_USABLE);
  worker_.Succeed(Next(worker_).attempt(), "new");
  Settle();
  ASSERT_EQ(Get(job->name()).state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(Submit(Cacheable(2))->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(CacheTest, OutlivesARestartAndTheEarlierJobsExpiry) {
  options_.retention.artifacts = absl::Hours(2);
  worker_.Disconnect();
  Reopen();
  worker_.Connect(*scheduler_);
  const v1::Job drawn = Drawn(Request());
  worker_.Disconnect();
  Reopen();
  worker_.Connect(*scheduler_);
  clock_.Advance(absl::Hours(1));
  worker_.Heartbeat();
  const auto again = Submit(Cacheable());
  ASSERT_EQ(again->state(), v1::JOB_STATE_SUCCEEDED);
  clock_.Advance(absl::Minutes(90));
  Settle();
  EXPECT_THAT(Get(drawn.name()).artifacts(), IsEmpty());
  ASSERT_EQ(Get(again->name()).artifacts_size(), 1);
  EXPECT_EQ(BytesOf(Get(again->name()).artifacts(0)), "picture 0");
  worker_.Disconnect();
  scheduler_.reset();
  const auto report = CheckStore(options_.data_dir);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->damage, IsEmpty());
}

TEST_F(CacheTest, DrawsAnewOnceTheResultsHaveExpired) {
  options_.retention.artifacts = absl::Hours(1);
  worker_.Disconnect();
  Reopen();
  worker_.Connect(*scheduler_);
  Drawn(Request());
  clock_.Advance(absl::Hours(2));
  Settle();
  EXPECT_EQ(Submit(Cacheable())->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(CacheTest, DrawsAnewWhereTheFileIsGone) {
  const v1::Job drawn = Drawn(Request());
  std::filesystem::remove_all(options_.data_dir + "/artifacts");
  EXPECT_EQ(Submit(Cacheable())->state(), v1::JOB_STATE_QUEUED);
}

TEST_F(CacheTest, AnswersTheSameRequestIdWithTheSameJob) {
  Drawn(Request());
  auto request = Cacheable();
  request.set_request_id("3c5e9d64-0c3f-4f55-9d5c-d3d2d5a6f9a1");
  const auto first = Submit(request), second = Submit(request);
  EXPECT_EQ(first->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(first->name(), second->name());
}

TEST(ResultKeyTest, IsTheSameForTheSamePictureAlone) {
  v1::Model model;
  model.set_sha256("11");
  v1::GenerationSpec spec;
  spec.set_prompt("a lighthouse");
  spec.set_seed(7);
  const auto key = ResultKey("t", model, "r", spec);
  ASSERT_TRUE(key.has_value());
  spec.set_allow_cached_result(true);
  EXPECT_EQ(ResultKey("t", model, "r", spec), key);
  EXPECT_NE(ResultKey("tr", model, "", spec), key);
  EXPECT_NE(ResultKey("t", model, "r2", spec), key);
  spec.set_deterministic(true);
  EXPECT_NE(ResultKey("t", model, "r", spec), key);
  spec.clear_seed();
  EXPECT_FALSE(ResultKey("t", model, "r", spec).has_value());
  model.clear_sha256();
  spec.set_seed(7);
  EXPECT_FALSE(ResultKey("t", model, "r", spec).has_value()) << "nobody has examined the model";
}

}  // namespace
}  // namespace hanga
