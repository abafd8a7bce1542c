// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/progress.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

absl::Time At(double seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }

TEST(ProgressTest, SaysNoMoreThanItsIntervalAllowsWhileDenoising) {
  Progress progress({}, 10, At(0), absl::Milliseconds(50));
  progress.Enter(v1::TASK_STAGE_DENOISING, At(0));
  EXPECT_FALSE(progress.Stepped(1, absl::Milliseconds(20), At(0.02)));
  EXPECT_FALSE(progress.Stepped(2, absl::Milliseconds(20), At(0.04)));
  const auto update = progress.Stepped(3, absl::Milliseconds(20), At(0.06));
  ASSERT_TRUE(update);
  EXPECT_EQ(update->step(), 3u);
  EXPECT_EQ(update->steps(), 10u);
  EXPECT_EQ(update->step_time().nanos(), 20'000'000);
  EXPECT_EQ(update->remaining().nanos(), 140'000'000);
}

TEST(ProgressTest, AddsUpTheSecondsOfEachStage) {
  Progress progress({}, 10, At(0), absl::ZeroDuration());
  progress.Enter(v1::TASK_STAGE_ENCODING, At(1));
  progress.Enter(v1::TASK_STAGE_DENOISING, At(3));
  progress.Enter(v1::TASK_STAGE_DECODING, At(7));
  const auto seconds = progress.StageSeconds(At(8));
  EXPECT_DOUBLE_EQ(seconds.at("queue"), 1);
  EXPECT_DOUBLE_EQ(seconds.at("encode"), 2);
  EXPECT_DOUBLE_EQ(seconds.at("denoise"), 4);
  EXPECT_DOUBLE_EQ(seconds.at("decode"), 1);
}

}  // namespace
}  // namespace hanga
