// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/hand_over.h"

#include <algorithm>
#include <limits>

namespace hanga::placement {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// The least sum whose ranges and transfers are all at most `bound`. The way back depends on the
// first rank, so it is added at the end: it is small beside the rest and the same for most pairs.
std::optional<HandOverSolution> LeastSum(const HandOverProblem& problem,
                                         const std::vector<int>& order, double bound) {
  const int devices = static_cast<int>(order.size()), blocks = problem.blocks;
  struct Cell {
    double sum = kNever;
    int begin = -1, before = -1;  // where the last range begins; who ran the one before
  };
  // best[d][i]: blocks [0, i) are done and the d-th device of the order ran the last range.
  std::vector<std::vector<Cell>> best(devices, std::vector<Cell>(blocks + 1));
  for (int d = 0; d < devices; ++d) {
    const auto& range = problem.range_seconds[order[d]];
    // arrive[i]: the least sum to have block i's input on d.
    std::vector<Cell> arrive(blocks);
    arrive[0] = {0, 0, -1};
    for (int e = 0; e < d; ++e) {
      const auto& transfer = problem.transfer_seconds[order[e]][order[d]];
      for (int i = 1; i < blocks; ++i) {
        if (transfer[i] > bound) continue;
        const double sum = best[e][i].sum + transfer[i];
        if (sum < arrive[i].sum) arrive[i] = {sum, i, e};
      }
    }
    for (int i = 0; i < blocks; ++i) {
      if (arrive[i].sum == kNever) continue;
      for (int j = i + 1; j <= blocks; ++j) {
        if (range[i][j] > bound) break;  // longer ranges only take longer
        const double sum = arrive[i].sum + range[i][j];
        if (sum < best[d][j].sum) best[d][j] = {sum, i, arrive[i].before};
      }
    }
  }
  int last = -1;
  for (int d = 0; d < devices; ++d) {
    if (best[d][blocks].sum < (last < 0 ? kNever : best[last][blocks].sum)) last = d;
  }
  if (last < 0) return std::nullopt;
  std::vector<HandOverStage> stages;
  for (int d = last, end = blocks; d >= 0;) {
    const Cell& cell = best[d][end];
    stages.push_back({order[d], cell.begin, end});
    end = cell.begin;
    d = cell.before;
  }
  std::reverse(stages.begin(), stages.end());
  return EvaluateHandOver(problem, std::move(stages));
}

}  // namespace

double HandOverSolution::PeriodSeconds(int images_in_flight) const {
  return std::max(slowest_seconds, sum_seconds / std::max(1, images_in_flight));
}

HandOverSolution EvaluateHandOver(const HandOverProblem& problem,
                                  std::vector<HandOverStage> stages) {
  HandOverSolution solution;
  for (size_t s = 0; s < stages.size(); ++s) {
    const HandOverStage& stage = stages[s];
    const int next = stages[(s + 1) % stages.size()].device;
    const double range = problem.range_seconds[stage.device][stage.begin][stage.end];
    const double transfer =
        next == stage.device ? 0 : problem.transfer_seconds[stage.device][next][stage.end];
    solution.slowest_seconds = std::max({solution.slowest_seconds, range, transfer});
    solution.sum_seconds += range + transfer;
  }
  solution.stages = std::move(stages);
  return solution;
}

std::optional<HandOverSolution> SolveHandOver(const HandOverProblem& problem,
                                              const std::vector<int>& order) {
  constexpr int kBisections = 12;
  constexpr double kClose = 1.002;
  std::optional<HandOverSolution> best = LeastSum(problem, order, kNever);
  if (!best) return std::nullopt;
  const int images = problem.images_in_flight;
  // A bound below sum / images cannot help; one at `high` is known to be met.
  double low = best->sum_seconds / std::max(1, images);
  double high = best->slowest_seconds;
  for (int i = 0; i < kBisections && low * kClose < high; ++i) {
    const double bound = (low + high) / 2;
    const std::optional<HandOverSolution> found = LeastSum(problem, order, bound);
    if (!found) {
      low = bound;
      continue;
    }
    if (found->PeriodSeconds(images) < best->PeriodSeconds(images)) best = found;
    if (found->sum_seconds / images > found->slowest_seconds) {
      low = bound;  // a tighter bound only lengthens the sum
    } else {
      high = std::min(bound, found->slowest_seconds);
    }
  }
  return best;
}

}  // namespace hanga::placement
