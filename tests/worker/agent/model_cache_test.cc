// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/model_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_pipeline.h"

namespace hanga {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ModelCacheTest : public testing::Test {
 protected:
  void Deploy(std::vector<std::string> paths, const std::string& revision = "1",
              const std::string& keep_resident = "") {
    std::vector<v1::ModelDeployment> deployments;
    for (const std::string& path : paths) {
      v1::ModelDeployment& deployment = deployments.emplace_back();
      deployment.set_name("models/" + path);
      deployment.set_path(path);
      deployment.set_revision(revision);
      deployment.set_keep_resident(path == keep_resident);
    }
    for (const auto& deployment : book_.SetDeployments(deployments)) {
      ModelFiles files;
      files.path = deployment.path();
      book_.Examined(deployment, engine_.examine(files));
    }
  }
  absl::StatusOr<ModelHandle> Acquire(const std::string& path) {
    return cache_.Acquire("models/" + path, [] {});
  }
  bool Loaded(const std::string& path) { return book_.Find("models/" + path)->loaded; }

  FakeDevice device_;
  Engine engine_ = FakeEngine(&device_);
  Outbox outbox_;
  ModelBook book_{&outbox_};
  absl::Time now_ = absl::UnixEpoch();
  ModelCache cache_{&engine_, &book_, [this] { return now_; }};
};

TEST_F(ModelCacheTest, LoadsAtTheFirstUseOnly) {
  Deploy({"a"});
  EXPECT_FALSE(Loaded("a"));
  ASSERT_NE(*Acquire("a"), nullptr);
  ASSERT_NE(*Acquire("a"), nullptr);
  EXPECT_THAT(device_.loads, ElementsAre("a"));
  EXPECT_TRUE(Loaded("a"));
}

TEST_F(ModelCacheTest, DropsTheLeastRecentlyUsedWhenAnotherNeedsTheRoom) {
  device_.free_bytes = 100;
  device_.model_bytes = {{"a", 40}, {"b", 40}, {"c", 40}};
  Deploy({"a", "b", "c"});
  (void)Acquire("a");
  (void)Acquire("b");
  (void)Acquire("a");
  ASSERT_NE(*Acquire("c"), nullptr);
  EXPECT_TRUE(Loaded("a"));
  EXPECT_FALSE(Loaded("b"));
}

TEST_F(ModelCacheTest, WaitsForTheMemoryOfAModelInUse) {
  device_.free_bytes = 100;
  device_.model_bytes = {{"a", 60}, {"b", 60}};
  Deploy({"a", "b"});
  ModelHandle in_use = *Acquire("a");
  EXPECT_EQ(*Acquire("b"), nullptr);
  in_use.reset();
  EXPECT_NE(*Acquire("b"), nullptr);
}

TEST_F(ModelCacheTest, IdleModelsGiveOnlyTheBlocksThatAnotherNeeds) {
  device_.free_bytes = 100;
  device_.evicts = true;
  device_.model_bytes = {{"a", 60}, {"b", 70}};
  Deploy({"a", "b"});
  (void)Acquire("a");
  ASSERT_NE(*Acquire("b"), nullptr);
  EXPECT_TRUE(Loaded("a"));
  EXPECT_EQ(book_.Find("models/a")->placement.resident_bytes(), 30u) << "of 60, 30 were needed";
  EXPECT_EQ(device_.free_bytes, 0u);
}

TEST_F(ModelCacheTest, AModelThatWasEvictedComesBackWithoutBeingLoadedAnew) {
  device_.free_bytes = 100;
  device_.evicts = true;
  device_.model_bytes = {{"a", 60}, {"b", 70}};
  Deploy({"a", "b"});
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"a", "b"}) {
      ModelHandle model = *Acquire(name);
      ASSERT_NE(model, nullptr);
      ASSERT_TRUE(model->pipeline->Prepare({}).ok());  // brings back what was away
      EXPECT_EQ(model->pipeline->missing_bytes(), 0u);
    }
  }
  EXPECT_THAT(device_.loads, ElementsAre("a", "b"));
}

TEST_F(ModelCacheTest, AModelThatWasEvictedWaitsForTheMemoryOfOneInUse) {
  device_.free_bytes = 100;
  device_.evicts = true;
  device_.model_bytes = {{"a", 60}, {"b", 70}};
  Deploy({"a", "b"});
  (void)Acquire("a");
  ModelHandle in_use = *Acquire("b");
  EXPECT_EQ(*Acquire("a"), nullptr);
  EXPECT_TRUE(cache_.waits_for_memory());
  in_use.reset();
  EXPECT_NE(*Acquire("a"), nullptr);
  EXPECT_FALSE(cache_.waits_for_memory());
}

TEST_F(ModelCacheTest, KeepResidentMeansNeitherEvictedNorDropped) {
  device_.free_bytes = 100;
  device_.evicts = true;
  device_.model_bytes = {{"a", 60}, {"b", 70}, {"c", 30}};
  Deploy({"a", "b", "c"}, "1", /*keep_resident=*/"a");
  (void)Acquire("a");
  (void)Acquire("c");
  EXPECT_EQ(Acquire("b").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(cache_.DropIdle() && !Loaded("a"));
  EXPECT_EQ(book_.Find("models/a")->placement.resident_bytes(), 60u);
}

TEST_F(ModelCacheTest, TellsAModelHowMuchMemoryIsFreeBeforeEveryUse) {
  device_.free_bytes = 100;
  device_.model_bytes = {{"a", 60}};
  Deploy({"a"});
  (void)Acquire("a");
  device_.free_bytes = 7;  // another process took the rest
  (void)Acquire("a");
  EXPECT_THAT(device_.adapted, ElementsAre(7));
}

TEST_F(ModelCacheTest, AModelThatRunsPlansAgainWhenOthersTakeTheMemoryThatItCountsOn) {
  device_.free_bytes = 100;
  device_.model_bytes = {{"a", 60}};
  device_.counted_on = 30;
  Deploy({"a"});
  ModelHandle model = *Acquire("a");
  cache_.Watch(*model);
  EXPECT_THAT(device_.adapted, IsEmpty());
  device_.free_bytes = 7;
  cache_.Watch(*model);
  EXPECT_THAT(device_.adapted, IsEmpty()) << "it is looked at once a second";
  now_ += absl::Seconds(1);
  cache_.Watch(*model);
  EXPECT_THAT(device_.adapted, ElementsAre(7));
}

TEST_F(ModelCacheTest, IdleModelsGiveTheirMemoryFirstToOneThatRuns) {
  device_.free_bytes = 100;
  device_.evicts = true;
  device_.model_bytes = {{"a", 40}, {"b", 40}};
  device_.counted_on = 15;
  Deploy({"a", "b"});
  (void)Acquire("a");
  ModelHandle running = *Acquire("b");
  device_.free_bytes = 5;
  cache_.Watch(*running);
  EXPECT_EQ(device_.free_bytes, 15u);
  EXPECT_EQ(book_.Find("models/a")->placement.resident_bytes(), 30u);
  EXPECT_THAT(device_.adapted, IsEmpty());
}

TEST_F(ModelCacheTest, WhatDoesNotFitIsReportedAndTriedAgainWhenMemoryComesFree) {
  device_.free_bytes = uint64_t{100} << 20;
  device_.model_bytes = {{"a", uint64_t{300} << 20}};
  Deploy({"a"});
  (void)outbox_.Next();
  EXPECT_EQ(Acquire("a").status().code(), absl::StatusCode::kResourceExhausted);
  const auto report = outbox_.Next()->model_report().model();
  EXPECT_EQ(report.state(), v1::MODEL_STATE_UNUSABLE);
  EXPECT_THAT(report.problem(), HasSubstr("300 MiB"));
  EXPECT_EQ(Acquire("a").status().code(), absl::StatusCode::kFailedPrecondition);
  book_.FreeBytes(device_.free_bytes);
  EXPECT_EQ(outbox_.Next(), std::nullopt) << "no more is free than before";
  device_.free_bytes = uint64_t{900} << 20;
  book_.FreeBytes(device_.free_bytes);
  EXPECT_EQ(outbox_.Next()->model_report().model().state(), v1::MODEL_STATE_USABLE);
  EXPECT_NE(*Acquire("a"), nullptr);
}

TEST_F(ModelCacheTest, ReportsThePlan) {
  Deploy({"a"});
  (void)outbox_.Next();
  (void)Acquire("a");
  EXPECT_EQ(outbox_.Next()->model_report().placement().table(), "all of it on the fake");
}

TEST_F(ModelCacheTest, RefusesWhatCannotFitWithTheNumbers) {
  device_.free_bytes = uint64_t{100} << 20;
  device_.model_bytes = {{"a", uint64_t{300} << 20}};
  Deploy({"a"});
  const absl::Status status = Acquire("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("300 MiB"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("100 MiB"));
}

TEST_F(ModelCacheTest, TellsUnknownUnusableAndUnexaminedApart) {
  Deploy({"bad"});
  EXPECT_EQ(Acquire("other").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Acquire("bad").status().code(), absl::StatusCode::kFailedPrecondition);
  v1::ModelDeployment deployment;
  deployment.set_name("models/new");
  book_.SetDeployments({deployment});
  EXPECT_EQ(*Acquire("new"), nullptr);
}

TEST_F(ModelCacheTest, LoadsAnewWhenTheDeploymentChanged) {
  Deploy({"a"});
  (void)Acquire("a");
  Deploy({"a"}, "2");
  EXPECT_FALSE(Loaded("a"));
  (void)Acquire("a");
  EXPECT_THAT(device_.loads, ElementsAre("a", "a"));
}

TEST_F(ModelCacheTest, DropsAModelThatIsNoLongerDeployed) {
  device_.model_bytes = {{"a", 10}};
  Deploy({"a"});
  (void)Acquire("a");
  const uint64_t free = device_.free_bytes;
  Deploy({});
  cache_.DropStale();
  EXPECT_EQ(device_.free_bytes, free + 10);
}

TEST_F(ModelCacheTest, ReportsWhatItFound) {
  Deploy({"a", "bad"});
  const auto usable = outbox_.Next(), unusable = outbox_.Next();
  EXPECT_EQ(usable->model_report().model().state(), v1::MODEL_STATE_USABLE);
  EXPECT_EQ(usable->model_report().revision(), "1");
  EXPECT_EQ(unusable->model_report().model().state(), v1::MODEL_STATE_UNUSABLE);
  EXPECT_EQ(unusable->model_report().model().problem(), "keys are missing");
  (void)Acquire("a");
  EXPECT_TRUE(outbox_.Next()->model_report().loaded());
}

TEST_F(ModelCacheTest, UnloadsAnIdleModelAtOnceAndAUsedOneWhenItIsLetGo) {
  Deploy({"a", "b"});
  (void)Acquire("a");
  ModelHandle used = *Acquire("b");
  cache_.Unload("models/a");
  cache_.Unload("models/b");
  cache_.Tend();
  EXPECT_FALSE(Loaded("a"));
  EXPECT_TRUE(Loaded("b"));
  used.reset();
  cache_.Tend();
  EXPECT_FALSE(Loaded("b"));
}

TEST_F(ModelCacheTest, AModelThatIsAskedForAgainIsNotUnloaded) {
  Deploy({"a"});
  ModelHandle used = *Acquire("a");
  cache_.Unload("models/a");
  (void)Acquire("a");
  used.reset();
  cache_.Tend();
  EXPECT_TRUE(Loaded("a"));
}

}  // namespace
}  // namespace hanga
