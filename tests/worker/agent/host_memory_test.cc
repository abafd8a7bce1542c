// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/host_memory.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

constexpr char kMeminfo[] =
    "MemTotal:       16000000 kB\nMemFree:          500000 kB\nMemAvailable:    8000000 kB\n";

TEST(HostMemoryTest, ReadsTheMachinesMemory) {
  const HostMemory memory = ParseHostMemory(kMeminfo, std::nullopt, std::nullopt);
  EXPECT_EQ(memory.total_bytes, 16000000ull * 1024);
  EXPECT_EQ(memory.free_bytes, 8000000ull * 1024);
}

TEST(HostMemoryTest, ObeysTheControlGroup) {
  const HostMemory memory = ParseHostMemory(kMeminfo, "1000000000\n", "400000000\n");
  EXPECT_EQ(memory.total_bytes, 1000000000u);
  EXPECT_EQ(memory.free_bytes, 600000000u);
}

TEST(HostMemoryTest, IgnoresAGroupWithoutALimit) {
  EXPECT_EQ(ParseHostMemory(kMeminfo, "max\n", "400000000\n").total_bytes, 16000000ull * 1024);
}

TEST(HostMemoryTest, HasNoFreeMemoryInAnOverfullGroup) {
  EXPECT_EQ(ParseHostMemory(kMeminfo, "1000\n", "2000\n").free_bytes, 0u);
}

TEST(HostMemoryTest, KnowsWhatItsOwnProcessHolds) {
  const uint64_t before = ReadOwnMemory();
  EXPECT_GT(before, 0u);
  const std::string held(size_t{64} << 20, 'x');
  EXPECT_GE(ReadOwnMemory() + (1 << 20), before + held.size());
}

}  // namespace
}  // namespace hanga
