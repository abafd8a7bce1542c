// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/simulator.h"

#include <gtest/gtest.h>

namespace hanga::placement {
namespace {

SimRank Blocks(int count, double compute, double copy, int stream_every, int slots) {
  SimRank rank;
  rank.slots = slots;
  for (int i = 0; i < count; ++i) {
    SimBlock block;
    block.compute_seconds = compute;
    block.load_seconds = copy;
    if (stream_every > 0 && i % stream_every == stream_every - 1) {
      block.engine = 0;
      block.copy_seconds = copy;
    }
    rank.blocks.push_back(block);
  }
  return rank;
}

TEST(SimulatorTest, ResidentBlocksTakeTheirComputeTime) {
  const SimResult result = Simulate({Blocks(10, 0.1, 0, 0, 0)}, {});
  EXPECT_NEAR(result.step_seconds, 1.0, 1e-9);
  EXPECT_NEAR(result.compute_busy[0], 1.0, 1e-9);
}

TEST(SimulatorTest, SpreadCopiesHideBehindCompute) {
  const SimResult result = Simulate({Blocks(10, 0.1, 0.19, 2, 2)}, {});
  EXPECT_NEAR(result.step_seconds, 1.0, 1e-9) << "0.95 s of copies in 1 s of compute";
  EXPECT_NEAR(result.engine_busy[0][0], 0.95, 1e-9);
}

TEST(SimulatorTest, CopiesLongerThanComputeAreTheStep) {
  const SimResult result = Simulate({Blocks(10, 0.1, 0.5, 1, 2)}, {});
  EXPECT_NEAR(result.step_seconds, 5.0, 1e-9);
  EXPECT_NEAR(result.first_step_seconds, 5.1, 1e-9) << "one pass over the link and the last block";
}

TEST(SimulatorTest, OneSlotSerialisesCopyAndCompute) {
  const SimResult result = Simulate({Blocks(10, 0.1, 0.5, 1, 1)}, {});
  EXPECT_NEAR(result.step_seconds, 6.0, 1e-9);
}

TEST(SimulatorTest, ATailOfStreamedBlocksCannotHideWhereASpreadOneDoes) {
  SimRank tail = Blocks(10, 0.1, 0, 0, 2);
  for (int i = 5; i < 10; ++i) tail.blocks[i].engine = 0, tail.blocks[i].copy_seconds = 0.19;
  EXPECT_GT(Simulate({tail}, {}).step_seconds, 1.25);
}

TEST(SimulatorTest, AColdStepLoadsResidentBlocksInOrder) {
  SimOptions options;
  options.cold = true;
  options.steps = 1;
  const SimResult result = Simulate({Blocks(10, 0.1, 0.5, 0, 0)}, options);
  EXPECT_NEAR(result.first_step_seconds, 5.1, 1e-9);
}

TEST(SimulatorTest, ImagesInFlightKeepHandOverRanksBusy) {
  std::vector<SimRank> ranks = {Blocks(5, 0.1, 0, 0, 0), Blocks(5, 0.1, 0, 0, 0)};
  ranks[0].hand_over_seconds = ranks[1].hand_over_seconds = 0.01;
  SimOptions one, four;
  four.images = 4;
  four.steps = one.steps = 8;
  EXPECT_NEAR(Simulate(ranks, one).step_seconds, 1.02, 1e-9);
  const SimResult pipelined = Simulate(ranks, four);
  EXPECT_NEAR(pipelined.step_seconds / 4, 0.5, 1e-9);
  EXPECT_NEAR(pipelined.compute_busy[1], 1.0, 1e-9);
}

TEST(SimulatorTest, FileReadsRunAheadOfCopies) {
  SimRank rank = Blocks(4, 0.1, 0.1, 1, 2);
  for (SimBlock& block : rank.blocks) block.read_seconds = 0.3;
  EXPECT_NEAR(Simulate({rank}, {}).step_seconds, 1.2, 1e-9) << "the file is the limit";
}

TEST(SimulatorTest, TimelineHasNoOverlapOnALane) {
  SimRank rank = Blocks(12, 0.1, 0.15, 2, 3);
  const SimResult result = Simulate({rank}, {}, true);
  double compute_end = 0, copy_end = 0;
  for (const Span& span : result.timeline) {
    double& end = span.lane == Lane::kCompute ? compute_end : copy_end;
    EXPECT_GE(span.start, end - 1e-12);
    end = span.end;
  }
  EXPECT_EQ(result.timeline.size(), 4u * (12 + 6));
}

TEST(SimulatorTest, TheFastPathAgreesWithTheSimulation) {
  std::vector<double> scratch;
  for (int slots = 1; slots <= 4; ++slots) {
    for (int every = 1; every <= 4; ++every) {
      const SimRank rank = Blocks(13, 0.1, 0.22, every, slots);
      SimOptions options;
      options.steps = 40;
      EXPECT_NEAR(SteadyPassSeconds(rank, &scratch), Simulate({rank}, options).step_seconds, 1e-6)
          << slots << " slots, every " << every;
    }
  }
}

}  // namespace
}  // namespace hanga::placement
