// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which blocks of a device stay and which are streamed, from where, through how many slots.
//
//   pass time ≥ max(compute, streamed bytes / bandwidth)
//
// so the fewest bytes are streamed, and they are spread so that each copy hides behind the compute
// before it. Candidates come from an exact knapsack over whole blocks and from a walk that paces
// copies by compute; a local search on the simulator settles between them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "placement/plan.h"
#include "placement/simulator.h"

namespace hanga::placement {

// A place that keeps streamed blocks. Sources of one engine share its bandwidth; the first of them
// with room is used. Engine 0 is the host's, and its sources come first.
struct StreamSource {
  Store store = Store::kPinned;
  std::string keeper;  // "cpu", "file", "cuda:1"
  int engine = 0;
  double bytes_per_second = 0;
  double latency_seconds = 0;
  double read_bytes_per_second = 0;  // of the file behind it; 0: memory
  uint64_t capacity_bytes = 0;
};

inline constexpr int kResidentHere = -1;

struct StreamBlock {
  uint64_t run_bytes = 0, stored_bytes = 0;
  double compute_seconds = 0;
};

// What a block takes of its source's capacity: of a device, what its allocator gives out.
inline uint64_t KeptBytes(const StreamSource& source, const StreamBlock& block) {
  return source.store == Store::kDonor ? block.run_bytes : block.stored_bytes;
}

struct StreamRequest {
  std::vector<StreamBlock> blocks;  // in order
  std::vector<StreamSource> sources;
  int engines = 1;
  uint64_t capacity_bytes = 0;                 // resident blocks and the ring together
  uint64_t resident_limit_bytes = UINT64_MAX;  // of that, resident blocks
  double while_computing = 1;                  // what is left of the bandwidth while kernels run
};

struct StreamSolution {
  std::vector<int> source;  // by block: index into sources, or kResidentHere
  int slots = 0;
  uint64_t slot_bytes = 0;
  uint64_t resident_bytes = 0;
  uint64_t streamed_bytes = 0;  // stored, one pass
  double pass_seconds = 0;
};

// The best solution; nullopt when no ring fits or the sources are too small.
std::optional<StreamSolution> SolveStreaming(const StreamRequest& request);

// The same when where each block lives is given: only the ring's depth is chosen, the most shallow
// that is within 1 % of the best.
std::optional<StreamSolution> SolveRing(const StreamRequest& request,
                                        const std::vector<int>& source);

// What the executor would do, for the simulator.
SimRank ToSimRank(const StreamRequest& request, const std::vector<int>& source, int slots);
// A streamed block of it; copies take `slower` times as long as the source alone would.
SimBlock StreamedSimBlock(const StreamBlock& block, const StreamSource& from, double slower);
// By how much: copies are slowed in the share of a pass in which kernels run.
double CopySlowdown(const StreamRequest& request, const std::vector<int>& source,
                    double compute_seconds);

// The lower bound above: what pass_seconds would be with perfect overlap.
double PerfectPassSeconds(const StreamRequest& request, const std::vector<int>& source);

}  // namespace hanga::placement
