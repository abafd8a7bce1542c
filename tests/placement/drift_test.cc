// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/drift.h"

#include <gtest/gtest.h>

#include "placement/quantities.h"

namespace hanga::placement {
namespace {

RankPlan Planned() {
  RankPlan rank;
  rank.free_bytes = 24 * kGiB;
  rank.reserve_bytes = kGiB;
  rank.peak_bytes = 23 * kGiB;
  rank.ring_slots = 2;
  return rank;
}

TEST(DriftTest, HalfOfTheReserveMayBeGone) {
  EXPECT_EQ(DriftOf(Planned(), 24 * kGiB), Drift::kNone);
  EXPECT_EQ(DriftOf(Planned(), 23 * kGiB + kGiB / 2), Drift::kNone);
  EXPECT_EQ(DriftOf(Planned(), 23 * kGiB + kGiB / 2 - 1), Drift::kTighter);
}

TEST(DriftTest, MoreMemoryCountsWhereItIsMuchAndSomethingIsStreamed) {
  EXPECT_EQ(DriftOf(Planned(), 26 * kGiB), Drift::kNone);
  EXPECT_EQ(DriftOf(Planned(), 27 * kGiB), Drift::kRoomier);
  RankPlan resident = Planned();
  resident.ring_slots = 0;
  EXPECT_EQ(DriftOf(resident, 80 * kGiB), Drift::kNone);
}

}  // namespace
}  // namespace hanga::placement
