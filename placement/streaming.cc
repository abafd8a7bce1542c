// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/streaming.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "placement/streaming_exact.h"
#include "placement/streaming_search.h"

namespace hanga::placement {
namespace {

constexpr int kRingDepths[] = {1, 2, 3, 4, 6, 8};
constexpr double kCloseEnough = 1.004;  // of a lower bound: searching on is not worth the time
constexpr double kShallowWins = 1.01;   // a deeper ring must give more than this
constexpr int kSearchBudget = 4000;     // simulated blocks, over all candidates
constexpr int kFewBlocks = 12;          // of which much can be tried in no time
constexpr int kExactBranches = 100000;
constexpr int kManySizes = 8;

uint64_t RunBytes(const StreamBlock& block) { return block.run_bytes; }

// A ring of `slots` for blocks of up to `slot_bytes`; larger blocks stay.
struct Candidate {
  int slots;
  uint64_t slot_bytes;
  uint64_t resident_capacity;
  double bound;
};

double TotalCompute(const StreamRequest& request) {
  double seconds = 0;
  for (const StreamBlock& block : request.blocks) seconds += block.compute_seconds;
  return seconds;
}

// All engines together, each at its best source.
double TotalBandwidth(const StreamRequest& request) {
  std::vector<double> best(request.engines, 0.0);
  for (const StreamSource& source : request.sources) {
    best[source.engine] = std::max(best[source.engine], source.bytes_per_second);
  }
  return std::accumulate(best.begin(), best.end(), 0.0);
}

std::vector<uint64_t> SlotSizes(const StreamRequest& request) {
  std::vector<uint64_t> sizes;
  for (const StreamBlock& block : request.blocks) {
    if (block.run_bytes > 0) sizes.push_back(block.run_bytes);
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  if (sizes.size() <= kManySizes) return sizes;
  std::vector<uint64_t> some;
  for (int i = 1; i <= kManySizes; ++i) some.push_back(sizes[sizes.size() * i / kManySizes - 1]);
  return some;
}

std::vector<Candidate> Candidates(const StreamRequest& request) {
  const double compute = TotalCompute(request), bandwidth = TotalBandwidth(request);
  std::vector<Candidate> candidates;
  for (const uint64_t slot_bytes : SlotSizes(request)) {
    uint64_t total = 0, forced = 0;
    for (const StreamBlock& block : request.blocks) {
      total += block.run_bytes;
      if (block.run_bytes > slot_bytes) forced += block.run_bytes;
    }
    for (const int slots : kRingDepths) {
      const uint64_t ring = slots * slot_bytes;
      if (ring + forced > request.capacity_bytes) break;
      const uint64_t capacity =
          std::min(request.capacity_bytes - ring, request.resident_limit_bytes);
      if (forced > capacity) continue;
      const double streamed = static_cast<double>(total - std::min(total, capacity));
      candidates.push_back({slots, slot_bytes, capacity, std::max(compute, streamed / bandwidth)});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.bound != b.bound ? a.bound < b.bound : a.slots < b.slots;
  });
  return candidates;
}

StreamSolution Describe(const StreamRequest& request, std::vector<int> source, int slots,
                        uint64_t slot_bytes, double seconds) {
  StreamSolution solution;
  for (size_t i = 0; i < source.size(); ++i) {
    const StreamBlock& block = request.blocks[i];
    (source[i] == kResidentHere ? solution.resident_bytes : solution.streamed_bytes) +=
        source[i] == kResidentHere ? block.run_bytes : block.stored_bytes;
  }
  solution.source = std::move(source);
  solution.slots = slots;
  solution.slot_bytes = slot_bytes;
  solution.pass_seconds = seconds;
  return solution;
}

}  // namespace

double PerfectPassSeconds(const StreamRequest& request, const std::vector<int>& source) {
  constexpr int kFewEngines = 16;
  double few[kFewEngines] = {};
  std::vector<double> many(request.engines > kFewEngines ? request.engines : 0, 0.0);
  double* const engines = many.empty() ? few : many.data();
  double perfect = TotalCompute(request);
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == kResidentHere) continue;
    const StreamSource& from = request.sources[source[i]];
    double& engine = engines[from.engine];
    engine += static_cast<double>(request.blocks[i].stored_bytes) / from.bytes_per_second;
    perfect = std::max(perfect, engine);
  }
  return perfect;
}

double CopySlowdown(const StreamRequest& request, const std::vector<int>& source,
                    double compute_seconds) {
  if (request.while_computing == 1) return 1;
  const double perfect = PerfectPassSeconds(request, source);
  const double busy = perfect > 0 ? compute_seconds / perfect : 0;
  return 1 / (1 - busy + busy * request.while_computing);
}

SimBlock StreamedSimBlock(const StreamBlock& block, const StreamSource& from, double slower) {
  const double bytes = static_cast<double>(block.stored_bytes);
  SimBlock sim;
  sim.compute_seconds = block.compute_seconds;
  sim.engine = from.engine;
  sim.copy_seconds = from.latency_seconds + bytes / from.bytes_per_second * slower;
  if (from.read_bytes_per_second > 0) sim.read_seconds = bytes / from.read_bytes_per_second;
  return sim;
}

SimRank ToSimRank(const StreamRequest& request, const std::vector<int>& source, int slots) {
  const double slower = CopySlowdown(request, source, TotalCompute(request));
  SimRank rank;
  rank.engines = request.engines;
  rank.slots = slots;
  for (size_t i = 0; i < source.size(); ++i) {
    const StreamBlock& block = request.blocks[i];
    if (source[i] != kResidentHere) {
      rank.blocks.push_back(StreamedSimBlock(block, request.sources[source[i]], slower));
      continue;
    }
    SimBlock& sim = rank.blocks.emplace_back();
    sim.compute_seconds = block.compute_seconds;
    if (!request.sources.empty()) {  // the first source is the host's
      sim.load_seconds =
          static_cast<double>(block.stored_bytes) / request.sources[0].bytes_per_second;
    }
  }
  return rank;
}

std::optional<StreamSolution> SolveRing(const StreamRequest& request,
                                        const std::vector<int>& source) {
  uint64_t slot_bytes = 0, resident = 0;
  for (size_t i = 0; i < source.size(); ++i) {
    const uint64_t bytes = request.blocks[i].run_bytes;
    if (source[i] == kResidentHere) {
      resident += bytes;
    } else {
      slot_bytes = std::max(slot_bytes, bytes);
    }
  }
  if (resident > request.capacity_bytes) return std::nullopt;
  std::vector<double> scratch;
  if (slot_bytes == 0) {
    return Describe(request, source, 0, 0,
                    SteadyPassSeconds(ToSimRank(request, source, 0), &scratch));
  }
  std::optional<StreamSolution> best;
  for (const int slots : kRingDepths) {
    if (resident + slots * slot_bytes > request.capacity_bytes) break;
    const double seconds = SteadyPassSeconds(ToSimRank(request, source, slots), &scratch);
    if (best && seconds * kShallowWins >= best->pass_seconds) continue;
    best = Describe(request, source, slots, slot_bytes, seconds);
  }
  return best;
}

std::optional<StreamSolution> SolveStreaming(const StreamRequest& request) {
  uint64_t total = 0;
  for (const StreamBlock& block : request.blocks) total += RunBytes(block);
  const std::vector<int> all_resident(request.blocks.size(), kResidentHere);
  if (total <= std::min(request.capacity_bytes, request.resident_limit_bytes))
    return SolveRing(request, all_resident);
  if (request.sources.empty()) return std::nullopt;

  const int blocks = static_cast<int>(request.blocks.size());
  StreamSearch search(request,
                      blocks > kFewBlocks ? kSearchBudget / blocks + 50 : 3 * kSearchBudget);
  std::optional<StreamSolution> best;
  for (const Candidate& candidate : Candidates(request)) {
    if (best && candidate.bound * kCloseEnough >= best->pass_seconds) continue;
    const double good_enough = candidate.bound * kCloseEnough;
    const auto found =
        search.Run(candidate.slots, candidate.slot_bytes, candidate.resident_capacity, good_enough);
    if (!found) continue;
    if (best && found->seconds >= best->pass_seconds * (1 - 1e-6)) continue;
    best = Describe(request, found->source, candidate.slots, candidate.slot_bytes, found->seconds);
  }
  // Of few blocks every way can be looked at, which who keeps what makes worth the time.
  if (blocks <= kFewBlocks && request.sources.size() > 1) {
    ExactSearch exact(request, kExactBranches);
    for (const Candidate& candidate : Candidates(request)) {
      const double known = best ? best->pass_seconds : std::numeric_limits<double>::infinity();
      if (candidate.bound * kCloseEnough >= known) continue;
      const auto found =
          exact.Run(candidate.slots, candidate.slot_bytes, candidate.resident_capacity, known);
      if (!found) continue;
      best =
          Describe(request, found->source, candidate.slots, candidate.slot_bytes, found->seconds);
    }
  }
  if (!best) return std::nullopt;
  // The search may have ended with smaller blocks than its slots were made for.
  auto trimmed = SolveRing(request, best->source);
  if (trimmed && trimmed->pass_seconds <= best->pass_seconds) return trimmed;
  return best;
}

}  // namespace hanga::placement
