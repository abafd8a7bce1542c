// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The search inside SolveStreaming: which blocks are streamed through a given ring.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "placement/streaming.h"

namespace hanga::placement {

// Bytes of the largest subset of `sizes` that is not above `capacity`, and which items it has.
// Exact for up to 16 items, and for more of few sizes; within capacity / 512 beyond.
std::vector<char> LargestSubset(const std::vector<uint64_t>& sizes, uint64_t capacity);

// Keeps scratch memory and the budget of evaluations over several rings. Not thread-safe.
class StreamSearch {
 public:
  StreamSearch(const StreamRequest& request, int budget);

  struct Found {
    std::vector<int> source;
    double seconds = 0;
  };
  // The best assignment for a ring of `slots` × `slot_bytes`, or the first as good as
  // `good_enough` seconds. nullopt: the sources have no room for what must be streamed.
  std::optional<Found> Run(int slots, uint64_t slot_bytes, uint64_t resident_capacity,
                           double good_enough);

 private:
  // One flag a block: streamed?
  using Streamed = std::vector<char>;

  Streamed StartFromKnapsack() const;
  Streamed StartFromPace() const;
  // Streams more until the rest fits, then less while it fits; leaves block `fixed` as it is.
  void MakeFeasible(Streamed* streamed, size_t fixed) const;
  bool AssignSources(const Streamed& streamed, std::vector<int>* source);
  bool AssignInOrder(size_t blocks, std::vector<int>* source);
  void FillRank(const std::vector<int>& source);
  double Evaluate(const Streamed& streamed, std::vector<int>* source);
  void Improve(Streamed streamed, Found* best, double good_enough);
  // Where several sources keep blocks: who keeps which.
  void Refine(Found* here, double good_enough);
  double Time(const std::vector<int>& source);
  bool Holds(const std::vector<int>& source);
  bool Streamable(size_t block) const;
  uint64_t ResidentBytes(const Streamed& streamed) const;

  const StreamRequest& request_;
  int budget_;
  int slots_ = 0;
  uint64_t slot_bytes_ = 0, resident_capacity_ = 0;
  double compute_seconds_ = 0;  // of a pass
  // Scratch.
  std::vector<double> scratch_, engine_end_;
  std::vector<uint64_t> room_;
  std::vector<size_t> order_;
  SimRank rank_;
};

}  // namespace hanga::placement
