// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Models that an operator has workers load and give back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/harness.h"

namespace hanga {
namespace {

using testing::SizeIs;

using LoadTest = SchedulerTest;

TEST_F(LoadTest, TellsWorkersThatCanUseAModelToLoadItAndThoseThatHoldItToGiveItBack) {
  Open();
  FakeWorker able("able", 1), unable("unable", 2);
  able.Connect(*scheduler_);
  unable.Connect(*scheduler_);
  unable.Report("models/a", v1::MODEL_STATE_UNUSABLE);
  v1::LoadModelRequest load;
  load.set_name("models/a");
  const auto told = scheduler_->LoadModel(load);
  ASSERT_TRUE(told.ok()) << told.status();
  ASSERT_EQ(told->workers_size(), 1);
  EXPECT_EQ(told->workers(0), "workers/able");
  const auto holds = able.TakeHolds();
  ASSERT_THAT(holds, SizeIs(1));
  EXPECT_TRUE(holds[0].hold());
  EXPECT_EQ(holds[0].model(), "models/a");
  EXPECT_THAT(unable.TakeHolds(), SizeIs(0));

  v1::UnloadModelRequest unload;
  unload.set_name("models/a");
  EXPECT_EQ(scheduler_->UnloadModel(unload)->workers_size(), 0) << "nobody holds it yet";
  able.Report("models/a", v1::MODEL_STATE_USABLE, /*loaded=*/true);
  EXPECT_EQ(scheduler_->UnloadModel(unload)->workers_size(), 1);
  ASSERT_THAT(able.TakeHolds(), SizeIs(1));
}

TEST_F(LoadTest, RefusesToLoadWhatNobodyCan) {
  Open();
  v1::LoadModelRequest load;
  load.set_name("models/a");
  EXPECT_EQ(scheduler_->LoadModel(load).status().code(), absl::StatusCode::kFailedPrecondition);
  FakeWorker worker("w", 1);
  worker.Connect(*scheduler_);
  EXPECT_TRUE(scheduler_->LoadModel(load).ok());
  load.set_worker("workers/none");
  EXPECT_EQ(scheduler_->LoadModel(load).status().code(), absl::StatusCode::kNotFound);
  load.set_worker("workers/w");
  load.set_name("models/none");
  EXPECT_EQ(scheduler_->LoadModel(load).status().code(), absl::StatusCode::kNotFound);
  v1::DrainWorkerRequest drain;
  drain.set_name("workers/w");
  ASSERT_TRUE(scheduler_->DrainWorker(drain).ok());
  load.set_name("models/a");
  EXPECT_EQ(scheduler_->LoadModel(load).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace hanga
