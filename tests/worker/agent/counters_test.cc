// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/counters.h"

#include <gtest/gtest.h>

namespace hanga {
namespace {

const absl::Time kNow = absl::UnixEpoch();

PipelineCounters Copied(uint64_t bytes, double seconds) {
  PipelineCounters counters;
  counters.links["host_to_device"] = {bytes, seconds};
  counters.caches["prompt"] = {bytes / 10, 1};
  return counters;
}

TEST(CountersTest, SumsWhatTheModelsHaveCounted) {
  Counters counters;
  counters.Update("a@1", Copied(100, 1), 30);
  counters.Update("b@1", Copied(50, 2), 20);
  counters.Update("a@1", Copied(200, 3), 30);  // in place of what it said before
  const v1::WorkerStats stats = counters.Stats(70, kNow);
  EXPECT_EQ(stats.weight_bytes(), 50U);
  EXPECT_EQ(stats.activation_bytes(), 20U);
  ASSERT_EQ(stats.links_size(), 1);
  EXPECT_EQ(stats.links(0).link(), "host_to_device");
  EXPECT_EQ(stats.links(0).bytes(), 250U);
  EXPECT_DOUBLE_EQ(stats.links(0).busy_seconds(), 5);
  ASSERT_EQ(stats.caches_size(), 1);
  EXPECT_EQ(stats.caches(0).hits(), 25U);
  EXPECT_EQ(stats.caches(0).misses(), 2U);
}

TEST(CountersTest, NeverGoBackWhenAModelIsDroppedAndComesAgain) {
  Counters counters;
  counters.Update("a@1", Copied(100, 1), 30);
  counters.Dropped("a@1");
  EXPECT_EQ(counters.Stats(0, kNow).links(0).bytes(), 100U);
  EXPECT_EQ(counters.Stats(0, kNow).weight_bytes(), 0U);
  counters.Update("a@1", Copied(10, 1), 30);
  EXPECT_EQ(counters.Stats(0, kNow).links(0).bytes(), 110U);
}

TEST(CountersTest, ModelsThatWereThereAreHits) {
  Counters counters;
  counters.Asked(/*loaded=*/false);
  counters.Asked(/*loaded=*/true);
  counters.Asked(/*loaded=*/true);
  const v1::CacheStats cache = counters.Stats(0, kNow).caches(0);
  EXPECT_EQ(cache.cache(), "model");
  EXPECT_EQ(cache.hits(), 2U);
  EXPECT_EQ(cache.misses(), 1U);
}

TEST(CountersTest, LoadingTellsWhatHasArrived) {
  Counters counters;
  counters.Loading("models/a", 400, 50, kNow);
  const v1::LoadProgress loading = counters.Stats(150, kNow + absl::Seconds(3)).loading();
  EXPECT_EQ(loading.model(), "models/a");
  EXPECT_EQ(loading.bytes(), 100U);
  EXPECT_EQ(loading.expected_bytes(), 400U);
  EXPECT_DOUBLE_EQ(loading.seconds(), 3);
  counters.EndLoading();
  counters.Loaded(400, absl::Seconds(4));
  const v1::WorkerStats stats = counters.Stats(450, kNow);
  EXPECT_FALSE(stats.has_loading());
  EXPECT_EQ(stats.links(0).link(), "file_to_device");
  EXPECT_EQ(stats.links(0).bytes(), 400U);
}

}  // namespace
}  // namespace hanga
