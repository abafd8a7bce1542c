// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Candidate Of(const char* model, const char* key, uint64_t last_stepped = 0, bool alone = false) {
  return {.model = model, .batch_key = key, .alone = alone, .last_stepped = last_stepped};
}

TEST(BatchTest, StepsEqualKeysOfOneModelTogether) {
  const std::vector<Candidate> candidates = {Of("a", "64"), Of("b", "64"), Of("a", "32"),
                                             Of("a", "64")};
  EXPECT_THAT(ChooseBatch(candidates, BatchLimits(8)), ElementsAre(0, 3));
}

TEST(BatchTest, ServesWhoeverWaitedLongest) {
  const std::vector<Candidate> candidates = {Of("a", "64", 9), Of("b", "64", 3), Of("a", "64", 8)};
  EXPECT_THAT(ChooseBatch(candidates, BatchLimits(8)), ElementsAre(1));
}

TEST(BatchTest, LeavesADeterministicOneAlone) {
  std::vector<Candidate> candidates = {Of("a", "64", 0, true), Of("a", "64", 1), Of("a", "64", 2)};
  EXPECT_THAT(ChooseBatch(candidates, BatchLimits(8)), ElementsAre(0));
  candidates[0].last_stepped = 3;
  EXPECT_THAT(ChooseBatch(candidates, BatchLimits(8)), ElementsAre(1, 2));
}

TEST(BatchTest, StaysWithinTheLimit) {
  const std::vector<Candidate> candidates(5, Of("a", "64"));
  EXPECT_THAT(ChooseBatch(candidates, BatchLimits(2)), ElementsAre(0, 1));
}

TEST(BatchTest, HalvesTheLimitOfWhatDidNotFit) {
  BatchLimits limits(8);
  const std::vector<Candidate> large(8, Of("a", "1024"));
  limits.OutOfMemory(large[0], 5);
  EXPECT_EQ(ChooseBatch(large, limits).size(), 2u);
  limits.OutOfMemory(large[0], 1);
  EXPECT_EQ(ChooseBatch(large, limits).size(), 1u);
  const std::vector<Candidate> small(8, Of("a", "64"));
  EXPECT_EQ(ChooseBatch(small, limits).size(), 8u);
}

TEST(BatchTest, IsEmptyWithoutCandidates) {
  EXPECT_THAT(ChooseBatch({}, BatchLimits(8)), IsEmpty());
}

}  // namespace
}  // namespace hanga
