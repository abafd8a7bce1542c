// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where to cut a model so that each of several unequal devices runs a contiguous range of blocks.
//
//   time of a step of one image = the sum of ranges and transfers          (latency)
//   time between images         = the slowest range or transfer            (with enough in flight)
//
// With m images in flight the period is max(slowest, sum / m). It is minimised exactly: for a bound
// on the slowest, dynamic programming gives the least sum, and the best bound is found by
// bisection.
#pragma once

#include <optional>
#include <vector>

namespace hanga::placement {

struct HandOverProblem {
  int blocks = 0;
  // range_seconds[d][i][j]: device d runs blocks [i, j); infinite where it cannot. j > i.
  std::vector<std::vector<std::vector<double>>> range_seconds;
  // transfer_seconds[a][b][i]: what crosses before block i, from device a to b. At i == blocks: the
  // way back to the first rank.
  std::vector<std::vector<std::vector<double>>> transfer_seconds;
  int images_in_flight = 1;
};

struct HandOverStage {
  int device = 0;
  int begin = 0, end = 0;  // blocks
};

struct HandOverSolution {
  std::vector<HandOverStage> stages;  // in order; a device may have none
  double slowest_seconds = 0;         // range or transfer
  double sum_seconds = 0;

  double PeriodSeconds(int images_in_flight) const;
};

// Devices are used in the order of `order`, each at most once. nullopt: no cut works.
std::optional<HandOverSolution> SolveHandOver(const HandOverProblem& problem,
                                              const std::vector<int>& order);

// Given stages, the same arithmetic.
HandOverSolution EvaluateHandOver(const HandOverProblem& problem,
                                  std::vector<HandOverStage> stages);

}  // namespace hanga::placement
