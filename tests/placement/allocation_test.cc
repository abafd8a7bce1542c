// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

using ::testing::HasSubstr;

// 100 blocks of 0.1 GiB on GPUs of 24 GiB: the model with which DisTorch's parser was measured.
class AllocationTest : public ::testing::Test {
 protected:
  AllocationTest() : rig_(TestRig(2, 24 * kGiB)), model_(TestModel(100, kGiB / 10, 1e-3)) {}

  absl::StatusOr<ResolvedSection> Resolved(const std::string& text) {
    const auto expression = ParseExpression(text);
    if (!expression.ok()) return expression.status();
    const AllocationContext context{rig_, {24 * kGiB, 24 * kGiB}};
    return Resolve(*expression, expression->sections[0], model_.blocks, context);
  }
  int Count(const ResolvedSection& resolved, int home) {
    return static_cast<int>(std::count(resolved.homes.begin(), resolved.homes.end(), home));
  }

  Topology rig_;
  ModelProfile model_;
};

TEST_F(AllocationTest, FirstGigabytesMeansTheFirstBlocks) {
  const auto r = Resolved("cuda:0,2.5gb;cpu,*");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(Count(*r, 0), 25);
  EXPECT_EQ(r->homes[0], 0);
  EXPECT_EQ(r->homes[24], 0);
  EXPECT_EQ(r->homes[25], kHomeHost);
}

TEST_F(AllocationTest, ALimitedWildcardIsALimit) {
  const auto r = Resolved("cuda:0,500mb;cuda:1,3.0g;cpu,5gb*");
  EXPECT_EQ(r.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(r.status().message()), HasSubstr("cpu,*"));
  model_ = TestModel(80, kGiB / 10, 1e-3);
  const auto fits = Resolved("cuda:0,500mb;cuda:1,3.0g;cpu,5gb*");
  ASSERT_TRUE(fits.ok()) << fits.status();
  EXPECT_EQ(Count(*fits, 0), 4);  // 500 MiB hold four whole blocks of 102.4 MiB
  EXPECT_EQ(Count(*fits, 1), 30);
  EXPECT_EQ(Count(*fits, kHomeHost), 46);
}

TEST_F(AllocationTest, PercentagesAreSharesOfTheModel) {
  const auto r = Resolved("cuda:0,25%;cpu,75%");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(Count(*r, 0), 25);
  EXPECT_EQ(r->homes[0], 0) << "in the user's order";
  const auto relative = Resolved("cuda:0,8%;cuda:1,8%;cpu,4%");
  ASSERT_TRUE(relative.ok()) << relative.status();
  EXPECT_EQ(Count(*relative, 0), 40);
  EXPECT_EQ(Count(*relative, 1), 40);
  EXPECT_EQ(Count(*relative, kHomeHost), 20);
  const auto half = Resolved("cuda:0,50%;cpu,*");
  ASSERT_TRUE(half.ok()) << half.status();
  EXPECT_EQ(Count(*half, 0), 50);
}

TEST_F(AllocationTest, FractionsAreSharesOfTheDevice) {
  const auto r = Resolved("cuda:0,0.1;cpu,0.5");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(Count(*r, 0), 24);
  EXPECT_EQ(Count(*r, kHomeHost), 76);
}

TEST_F(AllocationTest, TooLittleIsRefusedWithTheNumbers) {
  const auto r = Resolved("cuda:0,0.05;cpu,0.001");
  EXPECT_EQ(r.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(r.status().message()), HasSubstr("8.30 GiB of 10.0 GiB"));
}

TEST_F(AllocationTest, ItemsAfterTheRestTakeTheTail) {
  const auto r = Resolved("cpu,*;cuda:0,2gb");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->homes[79], kHomeHost);
  EXPECT_EQ(r->homes[80], 0);
  EXPECT_EQ(r->homes[99], 0);
}

TEST_F(AllocationTest, SpreadTakesBlocksAtEvenDistances) {
  const auto r = Resolved("cuda:0,2gb,spread;cpu,*");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(Count(*r, 0), 20);
  int longest = 0, run = 0;
  for (const int home : r->homes) longest = std::max(longest, run = home == 0 ? 0 : run + 1);
  EXPECT_LE(longest, 5);
}

TEST_F(AllocationTest, PinsComeFirstAndTheRestFollows) {
  const auto r = Resolved("blocks[0-9]@cuda:1;cuda:0,1gb;cpu,*");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->homes[9], 1);
  EXPECT_EQ(r->homes[10], 0);
  EXPECT_EQ(Count(*r, 0), 10);
  EXPECT_EQ(r->compute, 0);
}

TEST_F(AllocationTest, VirtualVramMovesThatMuchToTheDonorsInOrder) {
  model_ = TestModel(80, kGiB / 8, 1e-3);
  const auto r = Resolved("virtual_vram=4gb;donors=cuda:1,cpu;compute=cuda:0");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(Count(*r, 0), 48);
  EXPECT_EQ(Count(*r, 1), 32);
  rig_.devices[1].total_bytes = 2 * kGiB;
  const auto expression = ParseExpression("virtual_vram=4gb;donors=cuda:1,cpu;compute=cuda:0");
  const auto small =
      Resolve(*expression, expression->sections[0], model_.blocks, {rig_, {24 * kGiB, 2 * kGiB}});
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(Count(*small, 1), 16);
  EXPECT_EQ(Count(*small, kHomeHost), 16);
}

TEST_F(AllocationTest, NamesWhatIsUnknown) {
  EXPECT_THAT(std::string(Resolved("cuda:7,1gb;cpu,*").status().message()),
              HasSubstr("column 1: expected a device of this machine (cuda:0, cuda:1, cpu, file)"));
  EXPECT_THAT(std::string(Resolved("cpu,*").status().message()),
              HasSubstr("did you mean cpu,*;compute=cuda:0?"));
  EXPECT_THAT(std::string(Resolved("layers[0-3]@cuda:0;cpu,*").status().message()),
              HasSubstr("blocks.0 ... blocks.99"));
}

TEST_F(AllocationTest, EveryBlockHasOneHomeWhateverTheQuotas) {
  Dice dice(11);
  for (int i = 0; i < 500; ++i) {
    model_ = TestModel(dice.Between(1, 60), 0, 1e-3);
    for (BlockProfile& block : model_.blocks) {
      block.run_bytes = block.stored_bytes = dice.Below(5) ? dice.Below(kGiB) : 0;
    }
    const std::string text =
        absl::StrCat("cuda:0,", dice.Below(16), "gb", dice.Below(2) ? ",spread" : "", ";cuda:1,",
                     dice.Below(9), "gb", dice.Below(2) ? "*" : "", ";cpu,*");
    const auto r = Resolved(text);
    ASSERT_TRUE(r.ok()) << text << r.status();
    uint64_t granted = 0, total = 0;
    for (const QuotaReport& quota : r->quotas) {
      granted += quota.granted_bytes;
      EXPECT_LE(quota.granted_bytes, quota.requested_bytes) << text;
    }
    for (const BlockProfile& block : model_.blocks) total += block.run_bytes;
    EXPECT_EQ(granted, total) << text;
    EXPECT_EQ(std::count(r->homes.begin(), r->homes.end(), -3), 0);
  }
}

}  // namespace
}  // namespace hanga::placement
