// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/streaming.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "placement/streaming_search.h"
#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

StreamSource Pinned(double bytes_per_second) {
  StreamSource source;
  source.keeper = "cpu";
  source.bytes_per_second = bytes_per_second;
  source.capacity_bytes = UINT64_MAX;
  return source;
}

StreamRequest Equal(int count, uint64_t bytes, double compute, uint64_t capacity, double rate) {
  StreamRequest request;
  request.blocks.assign(count, {bytes, bytes, compute});
  request.sources = {Pinned(rate)};
  request.capacity_bytes = capacity;
  return request;
}

// The best of every subset of streamed blocks and every depth, by the same simulator.
double Exhaustive(const StreamRequest& request) {
  double best = 1e30;
  const size_t n = request.blocks.size();
  std::vector<double> scratch;
  for (uint32_t mask = 1; mask < (1u << n); ++mask) {
    std::vector<int> source(n, kResidentHere);
    uint64_t resident = 0, slot = 0;
    for (size_t i = 0; i < n; ++i) {
      if (mask >> i & 1) source[i] = 0, slot = std::max(slot, request.blocks[i].run_bytes);
      if (!(mask >> i & 1)) resident += request.blocks[i].run_bytes;
    }
    for (const int slots : {1, 2, 3, 4, 6, 8}) {
      if (resident + slots * slot > request.capacity_bytes) continue;
      best = std::min(best, SteadyPassSeconds(ToSimRank(request, source, slots), &scratch));
    }
  }
  return best;
}

TEST(StreamingTest, KeepsEverythingThatFits) {
  const auto s = SolveStreaming(Equal(10, kGiB, 0.01, 10 * kGiB, 25e9));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->slots, 0);
  EXPECT_EQ(s->streamed_bytes, 0u);
}

TEST(StreamingTest, TwentyGigabytesInFifteenMoveFive) {
  // 200 blocks of 100 MiB; room for 150 and a ring.
  const auto s = SolveStreaming(Equal(200, 100 * kMiB, 1e-4, 15000 * kMiB, 25e9));
  ASSERT_TRUE(s.has_value());
  EXPECT_GE(s->streamed_bytes, 5000 * kMiB);
  EXPECT_LE(s->streamed_bytes, 5800 * kMiB) << "no more than the ring beyond what does not fit";
  EXPECT_NEAR(s->pass_seconds, s->streamed_bytes / 25e9, 0.02 * s->pass_seconds);
}

TEST(StreamingTest, StreamingIsFreeWhenCopiesFitBehindCompute) {
  const auto s = SolveStreaming(Equal(40, 500 * kMiB, 0.05, 12 * kGiB, 25e9));
  ASSERT_TRUE(s.has_value());
  EXPECT_NEAR(s->pass_seconds, 2.0, 0.01);
}

TEST(StreamingTest, UsesDonorsAndHostAtOnce) {
  StreamRequest request = Equal(20, kGiB, 1e-3, 4 * kGiB, 20e9);
  StreamSource donor = Pinned(60e9);
  donor.store = Store::kDonor;
  donor.engine = 1;
  request.sources.push_back(donor);
  request.engines = 2;
  const auto s = SolveStreaming(request);
  ASSERT_TRUE(s.has_value());
  EXPECT_LT(s->pass_seconds, 1.25 * s->streamed_bytes / 80e9);
}

TEST(StreamingTest, NothingFitsWithoutRoomForASlot) {
  EXPECT_FALSE(SolveStreaming(Equal(4, kGiB, 0.01, kGiB - 1, 25e9)).has_value());
}

TEST(StreamingTest, FillsTheTiersInOrder) {
  StreamRequest request = Equal(10, kGiB, 1e-3, 2 * kGiB, 20e9);
  request.sources[0].capacity_bytes = 3 * kGiB;
  StreamSource pageable = Pinned(5e9);
  pageable.store = Store::kPageable;
  request.sources.push_back(pageable);
  const auto s = SolveStreaming(request);
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(std::count(s->source.begin(), s->source.end(), 0), 3);
}

TEST(StreamingTest, WithinOnePercentOfExhaustiveSearch) {
  Dice dice(42);
  for (int round = 0; round < 400; ++round) {
    StreamRequest request;
    const int n = dice.Between(2, 8);
    uint64_t total = 0;
    for (int i = 0; i < n; ++i) {
      const uint64_t bytes = dice.Between(1, 12) * 64 * kMiB + dice.Below(kMiB);
      request.blocks.push_back({bytes, bytes, dice.Real(0.001, 0.05)});
      total += bytes;
    }
    request.sources = {Pinned(dice.Real(2e9, 60e9))};
    request.capacity_bytes = static_cast<uint64_t>(total * dice.Real(0.3, 0.95));
    const double best = Exhaustive(request);
    const auto found = SolveStreaming(request);
    if (best > 1e29) {
      EXPECT_FALSE(found.has_value());
      continue;
    }
    ASSERT_TRUE(found.has_value()) << "round " << round;
    EXPECT_LE(found->pass_seconds, best * 1.01) << "round " << round;
    EXPECT_LE(found->resident_bytes + found->slots * found->slot_bytes, request.capacity_bytes);
  }
}

// The best of every block in every source or on the device, by the same simulator.
double ExhaustiveOverSources(const StreamRequest& request) {
  const size_t n = request.blocks.size(), choices = request.sources.size() + 1;
  std::vector<int> source(n, kResidentHere);
  std::vector<double> scratch;
  double best = 1e30;
  for (;;) {
    uint64_t resident = 0, slot = 0;
    std::vector<uint64_t> kept(request.sources.size(), 0);
    for (size_t i = 0; i < n; ++i) {
      const StreamBlock& block = request.blocks[i];
      if (source[i] == kResidentHere) resident += block.run_bytes;
      if (source[i] == kResidentHere) continue;
      slot = std::max(slot, block.run_bytes);
      kept[source[i]] += block.stored_bytes;
    }
    bool fits = slot > 0;
    for (size_t s = 0; s < kept.size(); ++s) {
      fits = fits && kept[s] <= request.sources[s].capacity_bytes;
    }
    for (const int slots : {1, 2, 3, 4, 6, 8}) {
      if (!fits || resident + slots * slot > request.capacity_bytes) break;
      best = std::min(best, SteadyPassSeconds(ToSimRank(request, source, slots), &scratch));
    }
    size_t i = 0;
    while (i < n && source[i] + 2 == static_cast<int>(choices)) source[i++] = kResidentHere;
    if (i == n) return best;
    ++source[i];
  }
}

// Who keeps which block is a second search.
TEST(StreamingTest, WithinOnePercentOfExhaustiveSearchOverSeveralSources) {
  Dice dice(7);
  for (int round = 0; round < 300; ++round) {
    StreamRequest request;
    uint64_t total = 0;
    for (int i = dice.Between(2, 6); i > 0; --i) {
      const uint64_t bytes = dice.Between(1, 12) * 64 * kMiB + dice.Below(kMiB);
      request.blocks.push_back({bytes, bytes, dice.Real(0.001, 0.05)});
      total += bytes;
    }
    // Host memory of limited size, the file behind it, and a donor or two of unequal links.
    request.sources = {Pinned(dice.Real(5e9, 60e9)), Pinned(dice.Real(5e9, 60e9))};
    request.sources[0].capacity_bytes = static_cast<uint64_t>(total * dice.Real(0.2, 1.0));
    request.sources[1].store = Store::kFile;
    request.sources[1].read_bytes_per_second = dice.Real(1e9, 8e9);
    for (int donor = dice.Between(1, 2); donor > 0; --donor) {
      StreamSource source = Pinned(dice.Real(3e9, 300e9));
      source.store = Store::kDonor;
      source.engine = request.engines++;
      source.capacity_bytes = static_cast<uint64_t>(total * dice.Real(0.1, 0.6));
      request.sources.push_back(source);
    }
    request.capacity_bytes = static_cast<uint64_t>(total * dice.Real(0.3, 0.95));
    request.while_computing = dice.Real(0.7, 1.0);
    const double best = ExhaustiveOverSources(request);
    const auto found = SolveStreaming(request);
    ASSERT_EQ(found.has_value(), best < 1e29) << "round " << round;
    if (!found) continue;
    EXPECT_LE(found->pass_seconds, best * 1.01) << "round " << round;
  }
}

TEST(StreamingTest, LargestSubsetIsExactForFewItems) {
  Dice dice(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint64_t> sizes;
    for (int i = dice.Between(1, 10); i > 0; --i) sizes.push_back(1 + dice.Below(1000));
    const uint64_t capacity = dice.Below(3000);
    uint64_t best = 0;
    for (uint32_t mask = 0; mask < (1u << sizes.size()); ++mask) {
      uint64_t sum = 0;
      for (size_t i = 0; i < sizes.size(); ++i) sum += (mask >> i & 1) ? sizes[i] : 0;
      if (sum <= capacity) best = std::max(best, sum);
    }
    const std::vector<char> taken = LargestSubset(sizes, capacity);
    uint64_t sum = 0;
    for (size_t i = 0; i < sizes.size(); ++i) sum += taken[i] ? sizes[i] : 0;
    EXPECT_EQ(sum, best);
  }
}

}  // namespace
}  // namespace hanga::placement
