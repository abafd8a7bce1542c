// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/hand_over.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "tests/placement/test_rig.h"

namespace hanga::placement {
namespace {

HandOverProblem RandomProblem(Dice* dice, int devices, int blocks) {
  HandOverProblem problem;
  problem.blocks = blocks;
  problem.images_in_flight = dice->Between(1, 8);
  std::vector<double> boundary;
  for (int i = 0; i <= blocks; ++i) boundary.push_back(dice->Real(0.0, 0.4));
  for (int d = 0; d < devices; ++d) {
    const double speed = dice->Real(0.5, 2);
    const int most = dice->Between(blocks / 2, blocks);  // what fits
    std::vector<double> seconds;
    for (int i = 0; i < blocks; ++i) seconds.push_back(dice->Real(0.5, 1.5) / speed);
    auto& ranges = problem.range_seconds.emplace_back(
        blocks, std::vector<double>(blocks + 1, std::numeric_limits<double>::infinity()));
    for (int i = 0; i < blocks; ++i) {
      double sum = 0;
      for (int j = i; j < blocks && j - i < most; ++j) ranges[i][j + 1] = sum += seconds[j];
    }
  }
  problem.transfer_seconds.assign(devices, std::vector<std::vector<double>>(devices, boundary));
  for (auto& row : problem.transfer_seconds) {
    for (auto& cell : row) cell.back() = 0.001;
  }
  return problem;
}

// Every way to cut, for devices in the given order.
double Exhaustive(const HandOverProblem& problem, const std::vector<int>& order) {
  double best = std::numeric_limits<double>::infinity();
  std::vector<HandOverStage> stages;
  const std::function<void(size_t, int)> visit = [&](size_t next, int begin) {
    if (begin == problem.blocks) {
      best =
          std::min(best, EvaluateHandOver(problem, stages).PeriodSeconds(problem.images_in_flight));
      return;
    }
    for (size_t d = next; d < order.size(); ++d) {
      for (int end = begin + 1; end <= problem.blocks; ++end) {
        if (problem.range_seconds[order[d]][begin][end] > 1e30) break;
        stages.push_back({order[d], begin, end});
        visit(d + 1, end);
        stages.pop_back();
      }
    }
  };
  visit(0, 0);
  return best;
}

TEST(HandOverTest, WithinOnePercentOfExhaustiveSearch) {
  Dice dice(7);
  for (int round = 0; round < 200; ++round) {
    const int devices = dice.Between(1, 3);
    const HandOverProblem problem = RandomProblem(&dice, devices, dice.Between(2, 10));
    std::vector<int> order;
    for (int d = 0; d < devices; ++d) order.push_back(d);
    const double best = Exhaustive(problem, order);
    const auto found = SolveHandOver(problem, order);
    if (best > 1e30) {
      EXPECT_FALSE(found.has_value());
      continue;
    }
    ASSERT_TRUE(found.has_value());
    EXPECT_LE(found->PeriodSeconds(problem.images_in_flight), best * 1.01) << "round " << round;
  }
}

TEST(HandOverTest, AFastDeviceTakesMoreBlocks) {
  HandOverProblem problem;
  problem.blocks = 9;
  problem.images_in_flight = 8;
  for (const double seconds : {1.0, 2.0}) {
    auto& ranges = problem.range_seconds.emplace_back(9, std::vector<double>(10, 0.0));
    for (int i = 0; i < 9; ++i) {
      for (int j = i + 1; j <= 9; ++j) ranges[i][j] = seconds * (j - i);
    }
  }
  problem.transfer_seconds.assign(2, {2, std::vector<double>(10, 0.01)});
  const auto found = SolveHandOver(problem, {0, 1});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->stages.size(), 2u);
  EXPECT_EQ(found->stages[0].end, 6);
}

TEST(HandOverTest, KeepsSkipsWithTheCutTheyCross) {
  // As in a UNet, the state is largest in the middle: the cut moves to where it is small.
  HandOverProblem problem;
  problem.blocks = 8;
  problem.images_in_flight = 1;
  for (int d = 0; d < 2; ++d) {
    auto& ranges = problem.range_seconds.emplace_back(8, std::vector<double>(9, 1e31));
    for (int i = 0; i < 8; ++i) {
      for (int j = i + 1; j <= std::min(8, i + 6); ++j) ranges[i][j] = j - i;  // six blocks fit
    }
  }
  problem.transfer_seconds.assign(2, {2, {0, 1, 2, 3, 4, 3, 2, 1, 0.1}});
  const auto found = SolveHandOver(problem, {0, 1});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->stages.size(), 2u);
  EXPECT_TRUE(found->stages[0].end == 2 || found->stages[0].end == 6);
}

TEST(HandOverTest, NoCutWorksWhereABlockFitsNowhere) {
  HandOverProblem problem;
  problem.blocks = 2;
  problem.range_seconds.assign(
      2, {2, std::vector<double>(3, std::numeric_limits<double>::infinity())});
  problem.transfer_seconds.assign(2, {2, std::vector<double>(3, 0.0)});
  EXPECT_FALSE(SolveHandOver(problem, {0, 1}).has_value());
}

}  // namespace
}  // namespace hanga::placement
