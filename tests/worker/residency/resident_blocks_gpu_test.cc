// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Streams and events on a real device. Skips itself where there is none.
#include <ATen/detail/CUDAHooksInterface.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/worker/residency/small_model.h"

namespace hanga {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

class ResidentBlocksGpuTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!at::hasCUDA()) GTEST_SKIP() << "this machine has no GPU";
  }
  std::unique_ptr<ResidentBlocks> Load(std::vector<Tier> tiers, int slots, HostBudget* host) {
    auto loaded = ResidentBlocks::Load(
        "net", blocks_.Weights(), {std::move(tiers), slots, true, donors_}, source_, at::kBFloat16,
        {at::Device(at::kCUDA, 0),
         &device_,
         host,
         {{"here", at::Device(at::kCUDA, 0), &lent_}, {"there", Farthest(), &lent_}}});
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_TRUE((*loaded)->Open().ok());
    return *std::move(loaded);
  }
  at::Tensor Run(ResidentBlocks& weights) {
    return RunPass(blocks_, weights, Input().to(at::kCUDA, at::kBFloat16));
  }

  // The last GPU; the same one where there is no other, which copies within its memory.
  static at::Device Farthest() {
    const int count = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(count - 1));
  }

  BlockList<SmallState> blocks_ = MakeSmallModel();
  std::shared_ptr<MadeWeights> source_ = std::make_shared<MadeWeights>();
  DeviceBudget device_{"cuda:0", kPlenty}, lent_{"lent", kPlenty};
  std::vector<std::string> donors_ = std::vector<std::string>(blocks_.size(), "there");
  HostBudget pinned_{kPlenty, kPlenty}, pageable_{0, kPlenty};
};

TEST_F(ResidentBlocksGpuTest, GivesTheSameBitsFromEveryTier) {
  const at::Tensor expected =
      Run(*Load(std::vector<Tier>(blocks_.size(), Tier::kDevice), 0, &pinned_));
  std::mt19937 random(5);
  const Tier kinds[] = {Tier::kDevice, Tier::kPinned, Tier::kPageable, Tier::kFile, Tier::kDonor};
  for (int round = 0; round < 30; ++round) {
    std::vector<Tier> tiers;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      tiers.push_back(kinds[random() % 5]);
      donors_[i] = random() % 2 == 0 ? "here" : "there";
    }
    // Without a pinned limit there is no staging either.
    auto weights =
        Load(tiers, 1 + static_cast<int>(random() % 3), round % 3 == 0 ? &pageable_ : &pinned_);
    for (int pass = 0; pass < 8; ++pass) {
      ASSERT_TRUE(Run(*weights).equal(expected)) << "round " << round;
    }
  }
}

TEST_F(ResidentBlocksGpuTest, StreamsFromPageableMemoryWhereTheSystemLocksNoPages) {
  const at::Tensor expected =
      Run(*Load(std::vector<Tier>(blocks_.size(), Tier::kDevice), 0, &pinned_));
  HostBudget refusing(kPlenty, kPlenty, [](uint64_t) -> std::byte* { return nullptr; });
  auto weights = Load(std::vector<Tier>(blocks_.size(), Tier::kPinned), 2, &refusing);
  EXPECT_TRUE(refusing.pinning_refused());
  for (int pass = 0; pass < 4; ++pass) ASSERT_TRUE(Run(*weights).equal(expected));
}

TEST_F(ResidentBlocksGpuTest, TimesItsCopiesByTheDevicesClock) {
  for (const Tier tier : {Tier::kPinned, Tier::kPageable}) {
    auto weights = Load(std::vector<Tier>(blocks_.size(), tier), 2, &pinned_);
    for (int pass = 0; pass < 20; ++pass) Run(*weights);
    const ResidencyCounters counters = weights->counters();
    // Those that are under way are not counted yet: a pass, at the most.
    EXPECT_LE(counters.copied.bytes, counters.streamed_bytes);
    EXPECT_GE(counters.copied.bytes, 18 * weights->streamed_bytes_per_pass());
    const double bytes_per_second =
        static_cast<double>(counters.copied.bytes) / counters.copied.busy_seconds;
    EXPECT_GT(bytes_per_second, 1e6);
    EXPECT_LT(bytes_per_second, 1e12);
  }
}

TEST_F(ResidentBlocksGpuTest, BlocksThatWereEvictedComeBackBesideTheFirstPass) {
  auto weights = Load(std::vector<Tier>(blocks_.size(), Tier::kDevice), 0, &pinned_);
  const at::Tensor expected = Run(*weights);
  for (int turn = 0; turn < 4; ++turn) {
    ASSERT_TRUE(weights->Evict(kPlenty).ok());
    EXPECT_EQ(device_.used_bytes(), 0);
    ASSERT_TRUE(weights->Open().ok());
    EXPECT_TRUE(Run(*weights).equal(expected));
  }
}

}  // namespace
}  // namespace hanga
