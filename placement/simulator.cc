// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/simulator.h"

#include <algorithm>

namespace hanga::placement {
namespace {

// The clocks of one rank: when each of its resources is next free.
class RankClock {
 public:
  explicit RankClock(const SimRank& rank)
      : rank_(rank), engine_free_(rank.engines, 0.0), slot_free_(std::max(1, rank.slots), 0.0) {}

  // Runs a pass whose input is there at `arrival`; returns when its output is.
  template <typename Record>
  double Pass(double arrival, bool load, Record&& record) {
    double now = std::max(compute_free_, arrival);
    for (size_t i = 0; i < rank_.blocks.size(); ++i) {
      const SimBlock& block = rank_.blocks[i];
      double start = now;
      double* slot = nullptr;
      if (block.engine >= 0) {
        slot = &slot_free_[next_slot_];
        next_slot_ = (next_slot_ + 1) % slot_free_.size();
        start = std::max(start, Copy(block, static_cast<int>(i), *slot, record));
      } else if (load && block.load_seconds > 0) {
        const double begin = engine_free_[0];
        engine_free_[0] = begin + block.load_seconds;
        record(Lane::kCopy, 0, static_cast<int>(i), begin, engine_free_[0]);
        start = std::max(start, engine_free_[0]);
      }
      now = start + block.compute_seconds;
      if (slot != nullptr) *slot = now;
      if (block.compute_seconds > 0) record(Lane::kCompute, 0, static_cast<int>(i), start, now);
    }
    compute_free_ = now;
    return now;
  }

 private:
  template <typename Record>
  double Copy(const SimBlock& block, int index, double slot_free, Record&& record) {
    double& engine = engine_free_[block.engine];
    const double begin = std::max(engine, slot_free);
    double end = begin + block.copy_seconds;
    if (block.read_seconds > 0) {
      const double read_begin = std::max(read_free_, slot_free);
      read_free_ = read_begin + block.read_seconds;
      record(Lane::kRead, 0, index, read_begin, read_free_);
      end = std::max(end, read_free_);
    }
    record(Lane::kCopy, block.engine, index, begin, end);
    engine = end;
    return end;
  }

  const SimRank& rank_;
  std::vector<double> engine_free_, slot_free_;
  double compute_free_ = 0, read_free_ = 0;
  size_t next_slot_ = 0;
};

// Shares of `seconds` that each resource of a rank is busy, for `passes` passes.
void AddBusyShares(const SimRank& rank, double passes, double seconds, SimResult* result) {
  double compute = 0, read = 0;
  std::vector<double> engines(rank.engines, 0.0);
  for (const SimBlock& block : rank.blocks) {
    compute += block.compute_seconds;
    read += block.read_seconds;
    if (block.engine >= 0) engines[block.engine] += block.copy_seconds;
  }
  const double scale = seconds > 0 ? passes / seconds : 0;
  for (double& engine : engines) engine *= scale;
  result->compute_busy.push_back(compute * scale);
  result->read_busy.push_back(read * scale);
  result->hand_over_busy.push_back(rank.hand_over_seconds * scale);
  result->engine_busy.push_back(std::move(engines));
}

}  // namespace

SimResult Simulate(const std::vector<SimRank>& ranks, const SimOptions& options,
                   bool with_timeline) {
  SimResult result;
  std::vector<RankClock> clocks(ranks.begin(), ranks.end());
  std::vector<double> link_free(ranks.size(), 0.0);
  std::vector<double> image_ready(options.images, 0.0);
  std::vector<double> step_end;
  for (int step = 0; step < options.steps; ++step) {
    for (int pass = 0; pass < options.passes_per_step; ++pass) {
      for (int image = 0; image < options.images; ++image) {
        for (size_t r = 0; r < ranks.size(); ++r) {
          const auto record = [&](Lane lane, int engine, int block, double start, double end) {
            if (!with_timeline) return;
            result.timeline.push_back(
                {lane, static_cast<int>(r), engine, block, image, step, start, end});
          };
          const bool load = options.cold && step == 0 && pass == 0 && image == 0;
          double end = clocks[r].Pass(image_ready[image], load, record);
          if (ranks[r].hand_over_seconds > 0) {
            const double start = std::max(end, link_free[r]);
            end = link_free[r] = start + ranks[r].hand_over_seconds;
            record(Lane::kHandOver, 0, -1, start, end);
          }
          image_ready[image] = end;
        }
      }
    }
    step_end.push_back(*std::max_element(image_ready.begin(), image_ready.end()));
  }
  // The ring and the pipeline fill during the first half; what follows repeats.
  const size_t last = step_end.size() - 1, middle = last / 2;
  result.first_step_seconds = step_end.front();
  result.step_seconds =
      last == 0 ? step_end[0] : (step_end[last] - step_end[middle]) / (last - middle);
  const double passes = static_cast<double>(options.images) * options.passes_per_step;
  for (const SimRank& rank : ranks) AddBusyShares(rank, passes, result.step_seconds, &result);
  return result;
}

double SteadyPassSeconds(const SimRank& rank, std::vector<double>* scratch) {
  constexpr int kFill = 2, kMeasured = 2;
  const size_t slots = std::max(1, rank.slots);
  scratch->assign(rank.engines + slots, 0.0);
  double* const engine_free = scratch->data();
  double* const slot_free = engine_free + rank.engines;
  double now = 0, read_free = 0, filled = 0;
  size_t slot = 0;
  for (int pass = 0; pass < kFill + kMeasured; ++pass) {
    if (pass == kFill) filled = now;
    for (const SimBlock& block : rank.blocks) {
      if (block.engine < 0) {
        now += block.compute_seconds;
        continue;
      }
      double end = std::max(engine_free[block.engine], slot_free[slot]) + block.copy_seconds;
      if (block.read_seconds > 0) {
        read_free = std::max(read_free, slot_free[slot]) + block.read_seconds;
        end = std::max(end, read_free);
      }
      engine_free[block.engine] = end;
      now = std::max(now, end) + block.compute_seconds;
      slot_free[slot] = now;
      if (++slot == slots) slot = 0;
    }
  }
  return (now - filled) / kMeasured;
}

}  // namespace hanga::placement
