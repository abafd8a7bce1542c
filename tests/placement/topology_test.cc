// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "placement/quantities.h"

namespace hanga::placement {
namespace {

using ::testing::HasSubstr;

constexpr char kRig[] = R"(name = "desk"
[host]
total = "64gb"
free = "60gb"
file_gb_per_s = 3.5

[[device]]
name = "cuda:0"
model = "RTX 3090"
total = "24gb"
used_by_others = "1gb"
matmul_tflops = 62.0
attention_tflops = 48.0
pinned_gb_per_s = 24.0
pageable_gb_per_s = 6.0
to_host_gb_per_s = 24.0

[[device]]
name = "cuda:1"
total = "12gb"
matmul_tflops = 30.0
attention_tflops = 20.0
pinned_gb_per_s = 12
pageable_gb_per_s = 4
to_host_gb_per_s = 12

[[link]]
between = ["cuda:0", "cuda:1"]
kind = "pcie"
gb_per_s = 10.0
latency_us = 20.0
)";

std::string ErrorOf(std::initializer_list<std::pair<const char*, const char*>> edits) {
  std::string text = kRig;
  for (const auto& [from, to] : edits) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, std::string(from).size(), to);
  }
  const auto parsed = ParseTopology(text);
  return parsed.ok() ? "parsed" : std::string(parsed.status().message());
}

TEST(TopologyTest, ReadsARig) {
  const auto rig = ParseTopology(kRig);
  ASSERT_TRUE(rig.ok()) << rig.status();
  EXPECT_EQ(rig->devices[0].free_bytes(), 23 * kGiB);
  EXPECT_DOUBLE_EQ(rig->FindLink(1, 0)->bytes_per_second, 10e9);
  EXPECT_EQ(rig->FindLink(0, 0), nullptr);
}

TEST(TopologyTest, PrintsWhatItReads) {
  for (const Topology& rig : {*ParseTopology(kRig), VirtualCpuTopology(3, 2 * kGiB)}) {
    const std::string printed = PrintTopology(rig);
    const auto again = ParseTopology(printed);
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << printed;
    EXPECT_EQ(PrintTopology(*again), printed);
    EXPECT_EQ(again->devices[0].matmul_flops, rig.devices[0].matmul_flops);
  }
}

TEST(TopologyTest, ErrorsNamePlaceFieldAndRule) {
  EXPECT_THAT(ErrorOf({{"gb_per_s = 10.0", "gb_per_s = -10.0"}}),
              HasSubstr("line 30, column 12: link: gb_per_s must be a number above 0"));
  EXPECT_THAT(ErrorOf({{"gb_per_s = 10.0\n", "\n"}}), HasSubstr("gb_per_s is missing"));
  EXPECT_THAT(ErrorOf({{"[[link]]\nbetween = [\"cuda:0\", \"cuda:1\"]",
                        "[[link]]\nfrom = \"cuda:0\"\nto = \"cuda:1\""}}),
              HasSubstr("link cuda:1 -> cuda:0: is missing"));
  EXPECT_THAT(ErrorOf({{"\"cuda:0\", \"cuda:1\"", "\"cuda:0\", \"cuda:2\""}}),
              HasSubstr("there is no device \"cuda:2\""));
  EXPECT_THAT(ErrorOf({{"total = \"24gb\"", "total = 24"}}), HasSubstr("a size such as \"24gb\""));
  EXPECT_THAT(ErrorOf({{"total = \"24gb\"", "total = \"24\""}}), HasSubstr("did you mean 24gb?"));
  EXPECT_THAT(ErrorOf({{"used_by_others = \"1gb\"", "used_by_others = \"30gb\""}}),
              HasSubstr("more than the total"));
  EXPECT_THAT(ErrorOf({{"name = \"cuda:1\"", "name = \"cuda:0\""}}), HasSubstr("given twice"));
  EXPECT_THAT(ErrorOf({{"kind = \"pcie\"", "kind = \"pci\""}}), HasSubstr("nvlink, pcie, host"));
  EXPECT_THAT(ErrorOf({{"model = ", "modell = "}}), HasSubstr("unknown key \"modell\""));
  EXPECT_THAT(ErrorOf({{"matmul_tflops = 62.0", "matmul_tflops = nan"}}), HasSubstr("above 0"));
  EXPECT_THAT(ErrorOf({{"[host]", "[host"}}), HasSubstr("line 2"));
  EXPECT_THAT(ErrorOf({{"file_gb_per_s = 3.5", ""}}), HasSubstr("file_gb_per_s is missing"));
  EXPECT_THAT(std::string(Validate(VirtualCpuTopology(65, kGiB)).message()),
              HasSubstr("limit is 64"));
  EXPECT_THAT(std::string(ParseTopology("").status().message()), HasSubstr("add a [[device]]"));
}

}  // namespace
}  // namespace hanga::placement
