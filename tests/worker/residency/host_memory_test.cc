// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/host_memory.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "worker/residency/device_budget.h"

namespace hanga {
namespace {

TEST(HostBudgetTest, GrantsUpToItsLimitAndAgainWhenMemoryGoes) {
  HostBudget budget(0, 1000);
  auto first = budget.AllocatePageable(600);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(budget.AllocatePageable(600), nullptr);
  first.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_NE(budget.AllocatePageable(1000), nullptr);
}

TEST(HostBudgetTest, LocksNoPageWhereTheLimitIsZero) {
  HostBudget budget(0, 1 << 20);
  EXPECT_EQ(budget.AllocatePinned(64), nullptr);
  EXPECT_FALSE(budget.pinning_refused());
}

TEST(HostBudgetTest, AsksOnceWhereTheSystemLocksNoPagesAndGivesOthers) {
  int asked = 0;
  HostBudget budget(1 << 20, 1 << 20, [&](uint64_t) -> std::byte* { return ++asked, nullptr; });
  EXPECT_EQ(budget.AllocatePinned(64), nullptr);
  EXPECT_EQ(budget.AllocatePinned(64), nullptr);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(budget.pinning_refused());
  EXPECT_EQ(budget.used_bytes(), 0);
  const auto pageable = budget.AllocatePageable(64);
  ASSERT_NE(pageable, nullptr);
  EXPECT_FALSE(pageable->pinned());
}

TEST(HostBudgetTest, WhereNoDriverLocksPagesTheSystemRefuses) {
  if (at::hasCUDA()) GTEST_SKIP() << "the driver of this machine locks pages";
  HostBudget budget(1 << 20, 1 << 20);
  EXPECT_EQ(budget.AllocatePinned(64), nullptr);
  EXPECT_TRUE(budget.pinning_refused());
}

TEST(DeviceBudgetTest, RemembersItsPeakAndTellsNumbersWhenItRefuses) {
  DeviceBudget budget("cuda:0", uint64_t{10} << 20);
  {
    const auto granted = budget.Reserve(uint64_t{8} << 20, "a");
    ASSERT_TRUE(granted.ok());
    const auto refused = budget.Reserve(uint64_t{3} << 20, "the ring");
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(refused.status().message(),
              "the ring needs 3 MiB on cuda:0, where weights take 8 of 10 MiB");
  }
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_EQ(budget.peak_bytes(), uint64_t{8} << 20);
}

TEST(DeviceBudgetTest, AMovedReservationReturnsItsBytesOnce) {
  DeviceBudget budget("cpu", 100);
  Reservation kept;
  kept = *budget.Reserve(40, "a");
  Reservation moved = std::move(kept);
  EXPECT_EQ(budget.used_bytes(), 40);
  moved = *budget.Reserve(10, "b");
  EXPECT_EQ(budget.used_bytes(), 10);
}

}  // namespace
}  // namespace hanga
