// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/resident_blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "tests/worker/residency/small_model.h"

namespace hanga {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

class ResidentBlocksTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ResidentBlocks>> TryLoad(std::vector<Tier> tiers, int slots,
                                                          bool repeats = true) {
    tiers.resize(blocks_.size(), Tier::kDevice);
    return ResidentBlocks::Load(
        "net", blocks_.Weights(), {std::move(tiers), slots, repeats, donors_}, source_, at::kFloat,
        {.device = at::kCPU,
         .device_budget = &device_,
         .host_budget = &host_,
         .donors = {{"cpu:1", at::kCPU, &lent_}, {"cpu:2", at::kCPU, &lent_too_}}});
  }
  std::unique_ptr<ResidentBlocks> Load(std::vector<Tier> tiers, int slots, bool repeats = true) {
    auto loaded = TryLoad(std::move(tiers), slots, repeats);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_TRUE((*loaded)->Open().ok());
    return *std::move(loaded);
  }
  at::Tensor Expected() { return RunPass(blocks_, *Load({}, 0), Input()); }
  uint64_t BytesOf(size_t block) { return LayOut(*blocks_.Weights()[block], at::kFloat).bytes; }

  BlockList<SmallState> blocks_ = MakeSmallModel();
  std::shared_ptr<MadeWeights> source_ = std::make_shared<MadeWeights>();
  DeviceBudget device_{"cpu", kPlenty};
  HostBudget host_{0, kPlenty};
  DeviceBudget lent_{"cpu:1", kPlenty}, lent_too_{"cpu:2", kPlenty};
  std::vector<std::string> donors_ =
      std::vector<std::string>(blocks_.size(), "cpu:1");  // of blocks in that tier
};

TEST_F(ResidentBlocksTest, GivesTheSameBitsUnderAnyPlacement) {
  const at::Tensor expected = Expected();
  std::mt19937 random(7);
  const Tier kinds[] = {Tier::kDevice, Tier::kPinned, Tier::kPageable, Tier::kFile, Tier::kDonor};
  for (int round = 0; round < 40; ++round) {
    std::vector<Tier> tiers;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      tiers.push_back(kinds[random() % 5]);
      donors_[i] = random() % 2 == 0 ? "cpu:1" : "cpu:2";
    }
    auto weights = Load(tiers, 1 + static_cast<int>(random() % 4), random() % 2 == 0);
    for (int pass = 0; pass < 3; ++pass) {
      ASSERT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected)) << "round " << round;
    }
  }
}

TEST_F(ResidentBlocksTest, StreamsOnlyWhatDoesNotFitAndWritesNothingBack) {
  // Three quarters of the weights fit: the rest, and no more, moves in each step.
  std::vector<Tier> tiers(blocks_.size(), Tier::kDevice);
  tiers[1] = tiers[5] = Tier::kPageable;
  auto weights = Load(tiers, 2);
  RunPass(blocks_, *weights, Input());
  const uint64_t ahead = weights->counters().streamed_bytes;
  for (int step = 0; step < 10; ++step) RunPass(blocks_, *weights, Input());
  EXPECT_EQ(weights->counters().streamed_bytes - ahead, 10 * (BytesOf(1) + BytesOf(5)));
  EXPECT_EQ(weights->streamed_bytes_per_pass(), BytesOf(1) + BytesOf(5));
  EXPECT_EQ(weights->counters().evicted_bytes, 0);
}

TEST_F(ResidentBlocksTest, StreamsFromEachDonorWhatItKeeps) {
  const at::Tensor expected = Expected();
  donors_[4] = "cpu:2";
  auto weights = Load(
      {Tier::kDonor, Tier::kDevice, Tier::kPageable, Tier::kDevice, Tier::kDonor, Tier::kDonor}, 2,
      /*repeats=*/false);
  EXPECT_EQ(lent_.used_bytes(), BytesOf(0) + BytesOf(5));
  EXPECT_EQ(lent_too_.used_bytes(), BytesOf(4));
  EXPECT_EQ(host_.used_bytes(), BytesOf(2));
  for (int pass = 0; pass < 3; ++pass) {
    ASSERT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected));
  }
  const ResidencyCounters& counters = weights->counters();
  EXPECT_EQ(counters.donor_bytes.at("cpu:1"), 3 * (BytesOf(0) + BytesOf(5)));
  EXPECT_EQ(counters.donor_bytes.at("cpu:2"), 3 * BytesOf(4));
  EXPECT_EQ(counters.streamed_bytes, 3 * weights->streamed_bytes_per_pass());
  weights.reset();
  EXPECT_EQ(lent_.used_bytes() + lent_too_.used_bytes(), 0);
}

TEST_F(ResidentBlocksTest, ADonorWithoutRoomIsNamedAndNothingStaysLoaded) {
  lent_ = DeviceBudget("cpu:1", BytesOf(0));
  const auto refused = TryLoad({Tier::kDonor, Tier::kDevice, Tier::kDonor}, 2);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()),
              testing::HasSubstr("net, blocks.2 needs 0 MiB on cpu:1"));
  EXPECT_EQ(lent_.used_bytes(), 0);
  EXPECT_EQ(device_.used_bytes(), 0);
}

TEST_F(ResidentBlocksTest, RefusesADonorThatIsNotThere) {
  donors_[2] = "cpu:7";
  const auto refused = TryLoad({Tier::kDonor, Tier::kDevice, Tier::kDonor}, 2);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("cpu:7"));
  donors_.clear();
  EXPECT_THAT(std::string(TryLoad({Tier::kDonor}, 2).status().message()),
              testing::HasSubstr("no device"));
}

TEST_F(ResidentBlocksTest, CountsWhatItCopiesAndHowLongThatTakes) {
  auto weights = Load(std::vector<Tier>(blocks_.size(), Tier::kPageable), 2);
  for (int step = 0; step < 3; ++step) RunPass(blocks_, *weights, Input());
  ResidencyCounters counters = weights->counters();
  EXPECT_EQ(counters.copied.bytes, counters.streamed_bytes);
  EXPECT_GT(counters.copied.busy_seconds, 0);
  counters += counters;
  EXPECT_EQ(counters.copied.bytes, 2 * weights->counters().copied.bytes);
  EXPECT_EQ(counters.streamed_bytes, 2 * weights->counters().streamed_bytes);
}

TEST_F(ResidentBlocksTest, ANetworkThatRunsOnceCopiesNothingAheadOfTheNextPass) {
  auto weights = Load(std::vector<Tier>(blocks_.size(), Tier::kPageable), 3, /*repeats=*/false);
  RunPass(blocks_, *weights, Input());
  EXPECT_EQ(weights->counters().streamed_bytes, weights->streamed_bytes_per_pass());
  RunPass(blocks_, *weights, Input());
  EXPECT_EQ(weights->counters().streamed_bytes, 2 * weights->streamed_bytes_per_pass());
}

TEST_F(ResidentBlocksTest, TakesNoMoreOfTheDeviceThanResidentBlocksAndTheRing) {
  std::vector<Tier> tiers(blocks_.size(), Tier::kDevice);
  tiers[2] = tiers[4] = Tier::kPageable;
  auto weights = Load(tiers, 2);
  uint64_t resident = 0;
  for (size_t i = 0; i < blocks_.size(); ++i) resident += i == 2 || i == 4 ? 0 : BytesOf(i);
  EXPECT_EQ(weights->device_bytes(), resident + 2 * std::max(BytesOf(2), BytesOf(4)));
  EXPECT_EQ(device_.used_bytes(), weights->device_bytes());
  weights->Close();
  EXPECT_EQ(device_.used_bytes(), resident);
  weights.reset();
  EXPECT_EQ(device_.used_bytes(), 0);
}

TEST_F(ResidentBlocksTest, IsRefusedWithNumbersBeforeAnythingIsAllocated) {
  device_ = DeviceBudget("cpu", 2000);
  const auto refused = TryLoad({}, 0);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("net, blocks.1 needs"));
  EXPECT_EQ(device_.used_bytes(), 0);
}

TEST_F(ResidentBlocksTest, OpensAShallowerRingWhereTheBudgetHasNoMore) {
  const at::Tensor expected = Expected();
  const std::vector<Tier> tiers(blocks_.size(), Tier::kPageable);
  uint64_t largest = 0;
  for (size_t i = 0; i < blocks_.size(); ++i) largest = std::max(largest, BytesOf(i));
  device_ = DeviceBudget("cpu", 2 * largest + 10);
  auto weights = Load(tiers, 4);
  EXPECT_EQ(weights->device_bytes(), 2 * largest);
  EXPECT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected));
  weights.reset();
  device_ = DeviceBudget("cpu", largest - 1);
  EXPECT_FALSE((*TryLoad(tiers, 4))->Open().ok());
}

TEST_F(ResidentBlocksTest, BeginsAgainAfterAPassThatWasBrokenOff) {
  const at::Tensor expected = Expected();
  auto weights = Load(std::vector<Tier>(blocks_.size(), Tier::kPageable), 2);
  for (const size_t broken_at : {0, 1, 4, 6}) {
    SmallState s{Input()};
    for (size_t i = 0; i < broken_at; ++i) {
      weights->Acquire(i);
      blocks_[i].run(s);
      weights->Release(i);
    }
    weights->Acquire(broken_at);  // the block throws
    EXPECT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected)) << broken_at;
  }
}

TEST_F(ResidentBlocksTest, BlocksThatWereEvictedComeBackTheSame) {
  const at::Tensor expected = Expected();
  std::vector<Tier> tiers(blocks_.size(), Tier::kDevice);
  tiers[3 + 1] = Tier::kPageable;
  auto weights = Load(tiers, 1);
  RunPass(blocks_, *weights, Input());
  const uint64_t before = device_.used_bytes();
  ASSERT_TRUE(weights->Evict(1).ok());
  EXPECT_EQ(before - device_.used_bytes(), BytesOf(7));  // whole blocks, the last one first
  ASSERT_TRUE(weights->Open().ok());
  EXPECT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected));
  weights->Close();
  ASSERT_TRUE(weights->Evict(kPlenty).ok());
  EXPECT_EQ(device_.used_bytes(), 0);
  const int reads = source_->reads;
  ASSERT_TRUE(weights->Open().ok());
  EXPECT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected));
  EXPECT_EQ(source_->reads, reads);  // from the host's copy
}

// A device gives more memory to a large slab than it has; the host does not.
TEST_F(ResidentBlocksTest, EvictsALargeBlockToAsMuchHostMemoryAsItHas) {
  BlockList<SmallState> large;
  for (int i = 0; i < 3; ++i) {
    large.Add<SmallBlock>(absl::StrCat("blocks.", i), int64_t{170'000} + 1000 * i);
  }
  auto loaded = ResidentBlocks::Load(
      "large", large.Weights(), {std::vector<Tier>(large.size(), Tier::kDevice), 0, true}, source_,
      at::kFloat, {.device = at::kCPU, .device_budget = &device_, .host_budget = &host_});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const SlabLayout layout = LayOut(*large.Weights()[0], at::kFloat);
  ASSERT_GT(DeviceBytes(layout.bytes), layout.bytes);
  ASSERT_TRUE((*loaded)->Open().ok());
  const at::Tensor expected = RunPass(large, **loaded, Input());
  ASSERT_TRUE((*loaded)->Evict(kPlenty).ok());
  EXPECT_EQ((*loaded)->counters().evicted_bytes, host_.used_bytes());
  ASSERT_TRUE((*loaded)->Open().ok());
  EXPECT_TRUE(RunPass(large, **loaded, Input()).equal(expected));
}

TEST_F(ResidentBlocksTest, EvictsToTheFileWhereTheHostHasNoRoom) {
  const at::Tensor expected = Expected();
  auto weights = Load({}, 0);
  host_ = HostBudget(0, BytesOf(7) + 10);  // the picture's block is not stored as it runs
  ASSERT_TRUE(weights->Evict(kPlenty).ok());
  EXPECT_EQ(weights->counters().evicted_bytes, BytesOf(7));
  ASSERT_TRUE(weights->Open().ok());
  EXPECT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected));
}

TEST_F(ResidentBlocksTest, StreamsFromTheFileBeyondTheHostLimit) {
  host_ = HostBudget(0, BytesOf(0));
  auto weights = Load({Tier::kPageable, Tier::kPageable, Tier::kPinned}, 2);
  EXPECT_EQ(weights->tier(0), Tier::kPageable);
  EXPECT_EQ(weights->tier(1), Tier::kFile);
  EXPECT_EQ(weights->tier(2), Tier::kFile);
  EXPECT_EQ(host_.used_bytes(), BytesOf(0));
}

TEST_F(ResidentBlocksTest, StreamsFromPageableMemoryWhereTheSystemLocksNoMorePages) {
  const at::Tensor expected = Expected();
  host_ = HostBudget(kPlenty, kPlenty, [](uint64_t) -> std::byte* { return nullptr; });
  auto weights = Load(std::vector<Tier>(blocks_.size(), Tier::kPinned), 2);
  EXPECT_TRUE(host_.pinning_refused());
  for (size_t i = 0; i < blocks_.size(); ++i) {
    EXPECT_EQ(weights->tier(i), BytesOf(i) > 0 ? Tier::kPageable : Tier::kDevice);
  }
  EXPECT_TRUE(RunPass(blocks_, *weights, Input()).equal(expected));
}

TEST_F(ResidentBlocksTest, IsRefusedWhereNeitherHostNorFileCanKeepABlock) {
  source_->has_file = false;
  host_ = HostBudget(0, 100);
  const auto refused = TryLoad({Tier::kPageable}, 1);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("host_limit"));
}

TEST_F(ResidentBlocksTest, LeavesItsBlocksWithoutWeights) {
  Load({}, 0).reset();
  for (const BlockWeights* block : blocks_.Weights()) {
    for (const Slot& slot : block->slots) EXPECT_FALSE(slot.tensor->defined());
  }
}

}  // namespace
}  // namespace hanga
