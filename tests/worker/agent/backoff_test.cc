// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/backoff.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

TEST(BackoffTest, DoublesUpToItsBoundAndStaysWithinItsSpread) {
  Backoff backoff(absl::Milliseconds(50), absl::Seconds(1), 7);
  absl::Duration center = absl::Milliseconds(50);
  for (int i = 0; i < 10; ++i) {
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, 0.75 * center) << i;
    EXPECT_LE(wait, 1.25 * center) << i;
    center = std::min(2 * center, absl::Seconds(1));
  }
}

TEST(BackoffTest, BeginsAnewAfterSuccess) {
  Backoff backoff(absl::Milliseconds(50), absl::Seconds(1), 7);
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(63));
}

TEST(BackoffTest, DiffersFromWorkerToWorker) {
  Backoff one(absl::Seconds(1), absl::Seconds(1), 1), other(absl::Seconds(1), absl::Seconds(1), 2);
  EXPECT_NE(one.Next(), other.Next());
}

}  // namespace
}  // namespace hanga
