// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/profile/topology_probe.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace hanga {
namespace {

TEST(TopologyProbeTest, TellsOfACpuDeviceWhatThePlannerNeeds) {
  const auto topology = ProbeDevice("cpu:2", "");
  ASSERT_TRUE(topology.ok()) << topology.status();
  EXPECT_TRUE(placement::Validate(*topology).ok()) << placement::Validate(*topology);
  ASSERT_EQ(topology->devices.size(), 1);
  EXPECT_EQ(topology->devices[0].name, "cpu:2");
  EXPECT_TRUE(placement::ParseTopology(placement::PrintTopology(*topology)).ok());
}

TEST(TopologyProbeTest, CpuDevicesShareTheHostsMemoryAndAreLinked) {
  const auto one = ProbeDevices({"cpu:0"}, ""), two = ProbeDevices({"cpu:1", "cpu:0"}, "");
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_TRUE(placement::Validate(*two).ok()) << placement::Validate(*two);
  EXPECT_EQ(two->devices[0].name, "cpu:1");
  EXPECT_LT(two->devices[0].free_bytes() + two->devices[1].free_bytes(),
            one->devices[0].free_bytes() * 1.1);
  EXPECT_NE(two->FindLink(0, 1), nullptr);
}

TEST(TopologyProbeTest, RefusesAGpuThatIsNotThere) {
  EXPECT_EQ(ProbeDevice("cuda:99", "").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ProbeDevice("cuda:x", "").status().code(), absl::StatusCode::kNotFound);
}

TEST(TopologyProbeTest, MeasuresAGpuOnceAndKeepsItsRates) {
  if (ProbedGpuCount() == 0) GTEST_SKIP() << "this machine has no GPU";
  const std::string cache = testing::TempDir() + "/hanga-probe";
  const auto first = ProbeDevice("cuda:0", cache), second = ProbeDevice("cuda:0", cache);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(placement::Validate(*first).ok()) << placement::Validate(*first);
  EXPECT_NEAR(first->devices[0].matmul_flops, second->devices[0].matmul_flops, 1e9);
}

}  // namespace
}  // namespace hanga
