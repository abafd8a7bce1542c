// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Few blocks, several sources: every way to keep them, by branch and bound.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "placement/streaming.h"

namespace hanga::placement {

// Walks over the blocks and gives each every place in turn. A branch ends where even perfect
// overlap, full engines, or the ring's own pace could not beat what is known. Not thread-safe.
class ExactSearch {
 public:
  // `budget`: branches in all, over every Run; beyond it nothing better is found.
  ExactSearch(const StreamRequest& request, int budget);

  // A way that is faster than `best_seconds`, for a ring of `slots` for blocks of up to
  // `slot_bytes`; with its time. nullopt: there is none that matters, or the budget is used up.
  struct Found {
    std::vector<int> source;
    double seconds = 0;
  };
  std::optional<Found> Run(int slots, uint64_t slot_bytes, uint64_t resident_capacity,
                           double best_seconds);

 private:
  // What the blocks before the one that is placed next have come to.
  struct Branch {
    uint64_t resident_bytes = 0;
    double streamed_bytes = 0;
    double ring_seconds = 0;  // copies and computing of what passes through it
  };

  void Place(size_t block, const Branch& branch);
  void Stream(size_t block, const Branch& branch);
  double Bound(size_t next, const Branch& branch) const;

  const StreamRequest& request_;
  int budget_;
  double compute_seconds_ = 0, bandwidth_ = 0;
  std::vector<uint64_t> bytes_from_;  // run bytes of a block and all after it

  int slots_ = 0;
  uint64_t slot_bytes_ = 0, resident_capacity_ = 0;
  double best_seconds_ = 0;
  std::optional<Found> found_;
  std::vector<int> source_;
  std::vector<uint64_t> room_;          // by source
  std::vector<double> engine_seconds_;  // by engine
  std::vector<double> scratch_;
};

}  // namespace hanga::placement
