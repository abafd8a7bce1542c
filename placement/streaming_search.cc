// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/streaming_search.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

namespace hanga::placement {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kBetter = 1 - 1e-4;
constexpr size_t kFewBlocks = 12;     // up to which three are changed at once
constexpr size_t kVeryFewBlocks = 8;  // and four

// Items of equal size, 1, 2, 4, ... at a time: every count of them is a sum of some.
struct Bundle {
  uint64_t bytes;
  size_t first, count;  // into the items in order of size
};

std::vector<Bundle> BundlesOf(const std::vector<uint64_t>& sizes,
                              const std::vector<size_t>& by_size) {
  std::vector<Bundle> bundles;
  for (size_t begin = 0; begin < by_size.size();) {
    const uint64_t bytes = sizes[by_size[begin]];
    size_t end = begin;
    while (end < by_size.size() && sizes[by_size[end]] == bytes) ++end;
    for (size_t count = 1; begin < end; count *= 2) {
      const size_t taken = std::min(count, end - begin);
      bundles.push_back({bytes * taken, begin, taken});
      begin += taken;
    }
  }
  return bundles;
}

}  // namespace

std::vector<char> LargestSubset(const std::vector<uint64_t>& sizes, uint64_t capacity) {
  constexpr size_t kExactItems = 16, kMostSums = 512;
  struct Sum {
    uint64_t bytes;
    int before;  // index of the sum without `bundle`; -1: nothing taken yet
    int bundle;
  };
  std::vector<size_t> by_size(sizes.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](size_t a, size_t b) { return sizes[a] < sizes[b]; });
  const std::vector<Bundle> bundles = BundlesOf(sizes, by_size);
  std::vector<Sum> sums = {{0, -1, -1}};
  std::vector<int> frontier = {0}, merged;  // indices into sums, by bytes
  const uint64_t grain = bundles.size() <= kExactItems ? 0 : capacity / kMostSums;
  for (size_t b = 0; b < bundles.size(); ++b) {
    std::vector<int> with;
    for (const int index : frontier) {
      const uint64_t bytes = sums[index].bytes + bundles[b].bytes;
      if (bytes > capacity) break;
      with.push_back(static_cast<int>(sums.size()));
      sums.push_back({bytes, index, static_cast<int>(b)});
    }
    merged.clear();
    std::merge(frontier.begin(), frontier.end(), with.begin(), with.end(),
               std::back_inserter(merged),
               [&](int a, int b) { return sums[a].bytes < sums[b].bytes; });
    // Of sums closer than the grain the largest stays: it is the one that may end up best.
    frontier.clear();
    for (size_t i = 0; i < merged.size(); ++i) {
      const bool last = i + 1 == merged.size();
      const uint64_t bytes = sums[merged[i]].bytes;
      if (last || (grain == 0 ? sums[merged[i + 1]].bytes != bytes
                              : sums[merged[i + 1]].bytes / (grain + 1) != bytes / (grain + 1))) {
        frontier.push_back(merged[i]);
      }
    }
    if (frontier.front() != 0 && sums[frontier.front()].bytes != 0)
      frontier.insert(frontier.begin(), 0);
  }
  std::vector<char> taken(sizes.size(), 0);
  for (int at = frontier.back(); sums[at].before >= 0; at = sums[at].before) {
    const Bundle& bundle = bundles[sums[at].bundle];
    for (size_t i = 0; i < bundle.count; ++i) taken[by_size[bundle.first + i]] = 1;
  }
  return taken;
}

StreamSearch::StreamSearch(const StreamRequest& request, int budget)
    : request_(request), budget_(budget) {
  for (const StreamBlock& block : request.blocks) compute_seconds_ += block.compute_seconds;
}

bool StreamSearch::Streamable(size_t block) const {
  const uint64_t bytes = request_.blocks[block].run_bytes;
  return bytes > 0 && bytes <= slot_bytes_;
}

uint64_t StreamSearch::ResidentBytes(const Streamed& streamed) const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < streamed.size(); ++i)
    bytes += streamed[i] ? 0 : request_.blocks[i].run_bytes;
  return bytes;
}

StreamSearch::Streamed StreamSearch::StartFromKnapsack() const {
  uint64_t capacity = resident_capacity_;
  std::vector<uint64_t> sizes;
  for (size_t i = 0; i < request_.blocks.size(); ++i) {
    if (Streamable(i)) {
      sizes.push_back(request_.blocks[i].run_bytes);
    } else {
      capacity -= request_.blocks[i].run_bytes;
    }
  }
  const std::vector<char> resident = LargestSubset(sizes, capacity);
  std::map<uint64_t, int> streamed_of_size;
  std::map<uint64_t, std::vector<size_t>> blocks_of_size;
  for (size_t i = 0; i < sizes.size(); ++i) streamed_of_size[sizes[i]] += resident[i] ? 0 : 1;
  for (size_t i = 0; i < request_.blocks.size(); ++i) {
    if (Streamable(i)) blocks_of_size[request_.blocks[i].run_bytes].push_back(i);
  }
  // Which blocks of a size is free: even distances.
  Streamed streamed(request_.blocks.size(), 0);
  for (const auto& [size, blocks] : blocks_of_size) {
    const size_t count = streamed_of_size[size];
    for (size_t j = 0; j < count; ++j)
      streamed[blocks[(2 * j + 1) * blocks.size() / (2 * count)]] = 1;
  }
  return streamed;
}

StreamSearch::Streamed StreamSearch::StartFromPace() const {
  double compute = 0;
  uint64_t total = 0;
  for (const StreamBlock& block : request_.blocks) {
    compute += block.compute_seconds;
    total += block.run_bytes;
  }
  const double to_stream = static_cast<double>(total - std::min(total, resident_capacity_));
  Streamed streamed(request_.blocks.size(), 0);
  double owed = 0;
  for (size_t i = 0; i < streamed.size(); ++i) {
    const StreamBlock& block = request_.blocks[i];
    owed += compute > 0 ? to_stream * block.compute_seconds / compute : to_stream / streamed.size();
    if (!Streamable(i) || owed < block.run_bytes / 2.0) continue;
    streamed[i] = 1;
    owed -= static_cast<double>(block.run_bytes);
  }
  MakeFeasible(&streamed, streamed.size());
  return streamed;
}

void StreamSearch::MakeFeasible(Streamed* streamed, size_t fixed) const {
  uint64_t resident = ResidentBytes(*streamed);
  while (resident > resident_capacity_) {
    // The smallest block that is enough, else the largest.
    const uint64_t excess = resident - resident_capacity_;
    int chosen = -1;
    for (size_t i = 0; i < streamed->size(); ++i) {
      if (i == fixed || (*streamed)[i] || !Streamable(i)) continue;
      const uint64_t bytes = request_.blocks[i].run_bytes;
      const uint64_t known = chosen < 0 ? 0 : request_.blocks[chosen].run_bytes;
      const bool better = known >= excess ? bytes >= excess && bytes < known : bytes > known;
      if (better) chosen = static_cast<int>(i);
    }
    if (chosen < 0) return;  // cannot be: what is not streamable fits
    (*streamed)[chosen] = 1;
    resident -= request_.blocks[chosen].run_bytes;
  }
  for (size_t i = 0; i < streamed->size(); ++i) {
    const uint64_t bytes = request_.blocks[i].run_bytes;
    if (i == fixed || !(*streamed)[i] || resident + bytes > resident_capacity_) continue;
    (*streamed)[i] = 0;
    resident += bytes;
  }
}

// Gives each streamed block the source that would have it there first; where one is full too early,
// once more with the largest blocks first. False when even that does not fit.
bool StreamSearch::AssignSources(const Streamed& streamed, std::vector<int>* source) {
  order_.clear();
  for (size_t i = 0; i < streamed.size(); ++i) {
    if (streamed[i]) order_.push_back(i);
  }
  if (AssignInOrder(streamed.size(), source)) return true;
  if (request_.sources.size() == 1) return false;
  std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
    return request_.blocks[a].stored_bytes > request_.blocks[b].stored_bytes;
  });
  return AssignInOrder(streamed.size(), source);
}

bool StreamSearch::AssignInOrder(size_t blocks, std::vector<int>* source) {
  const size_t count = request_.sources.size();
  room_.resize(count);
  for (size_t s = 0; s < count; ++s) room_[s] = request_.sources[s].capacity_bytes;
  engine_end_.assign(request_.engines, 0.0);
  source->assign(blocks, kResidentHere);
  for (const size_t i : order_) {
    const uint64_t bytes = request_.blocks[i].stored_bytes;
    double best_end = kNever;
    uint64_t engines_seen = 0;  // the first source with room speaks for its engine
    for (size_t s = 0; s < count; ++s) {
      const StreamSource& from = request_.sources[s];
      if (room_[s] < KeptBytes(from, request_.blocks[i]) || (engines_seen >> from.engine & 1) != 0)
        continue;
      engines_seen |= uint64_t{1} << from.engine;
      double rate = from.bytes_per_second;
      if (from.read_bytes_per_second > 0) rate = std::min(rate, from.read_bytes_per_second);
      const double end = engine_end_[from.engine] + from.latency_seconds + bytes / rate;
      if (end < best_end) best_end = end, (*source)[i] = static_cast<int>(s);
    }
    if ((*source)[i] == kResidentHere) return false;
    const StreamSource& chosen = request_.sources[(*source)[i]];
    room_[(*source)[i]] -= KeptBytes(chosen, request_.blocks[i]);
    engine_end_[chosen.engine] = best_end;
  }
  return true;
}

// As ToSimRank has it, with each run of resident blocks as one.
void StreamSearch::FillRank(const std::vector<int>& source) {
  const double slower = CopySlowdown(request_, source, compute_seconds_);
  rank_.engines = request_.engines;
  rank_.slots = slots_;
  rank_.blocks.clear();
  bool resident = false;
  for (size_t i = 0; i < source.size(); ++i) {
    const StreamBlock& block = request_.blocks[i];
    if (source[i] == kResidentHere) {
      if (resident) {
        rank_.blocks.back().compute_seconds += block.compute_seconds;
      } else {
        rank_.blocks.push_back({.compute_seconds = block.compute_seconds});
      }
      resident = true;
      continue;
    }
    resident = false;
    rank_.blocks.push_back(StreamedSimBlock(block, request_.sources[source[i]], slower));
  }
}

double StreamSearch::Evaluate(const Streamed& streamed, std::vector<int>* source) {
  --budget_;
  if (!AssignSources(streamed, source)) return kNever;
  FillRank(*source);
  return SteadyPassSeconds(rank_, &scratch_);
}

// Flips one block and repairs, or flips two (three of few): swaps, and streaming more
// or less than the start did.
void StreamSearch::Improve(Streamed streamed, Found* best, double good_enough) {
  std::vector<int> source;
  const double start = Evaluate(streamed, &source);
  Found here{source, start};
  const auto accept = [&](const Streamed& next) {
    const double seconds = Evaluate(next, &source);
    if (seconds >= here.seconds * kBetter) return false;
    here = {source, seconds};
    streamed = next;
    return true;
  };
  const size_t n = streamed.size();
  bool improved = true;
  while (improved && budget_ > 0 && here.seconds > good_enough) {
    improved = false;
    for (size_t i = 0; i < n && budget_ > 0; ++i) {
      if (!Streamable(i)) continue;
      Streamed next = streamed;
      next[i] ^= 1;
      MakeFeasible(&next, i);
      const bool fits = ResidentBytes(next) <= resident_capacity_;  // not if `i` was needed out
      if (fits && next != streamed) improved |= accept(next);
    }
    const uint64_t resident = ResidentBytes(streamed);
    const auto flip = [&](std::initializer_list<size_t> blocks) {
      uint64_t after = resident;
      Streamed next = streamed;
      for (const size_t b : blocks) {
        const uint64_t bytes = request_.blocks[b].run_bytes;
        if (!Streamable(b)) return;
        after += streamed[b] ? bytes : -bytes;
        next[b] ^= 1;
      }
      if (after <= resident_capacity_) improved = accept(next);
    };
    const auto goes_on = [&] { return !improved && budget_ > 0; };
    for (size_t i = 0; i < n && goes_on(); ++i) {
      for (size_t j = i + 1; j < n && goes_on(); ++j) flip({i, j});
    }
    if (n > kFewBlocks) continue;
    for (size_t i = 0; i < n && goes_on(); ++i) {
      for (size_t j = i + 1; j < n && goes_on(); ++j) {
        for (size_t k = j + 1; k < n && goes_on(); ++k) flip({i, j, k});
      }
    }
  }
  if (here.seconds < best->seconds) *best = std::move(here);
}

double StreamSearch::Time(const std::vector<int>& source) {
  --budget_;
  FillRank(source);
  return SteadyPassSeconds(rank_, &scratch_);
}

bool StreamSearch::Holds(const std::vector<int>& source) {
  uint64_t resident = 0;
  for (size_t s = 0; s < request_.sources.size(); ++s)
    room_[s] = request_.sources[s].capacity_bytes;
  for (size_t i = 0; i < source.size(); ++i) {
    const StreamBlock& block = request_.blocks[i];
    if (source[i] == kResidentHere) {
      resident += block.run_bytes;
    } else if (KeptBytes(request_.sources[source[i]], block) > room_[source[i]]) {
      return false;
    } else {
      room_[source[i]] -= KeptBytes(request_.sources[source[i]], block);
    }
  }
  return resident <= resident_capacity_;
}

// Gives one block another place, or two (three or four of few); the first that is better is kept.
void StreamSearch::Refine(Found* here, double good_enough) {
  const int places = static_cast<int>(request_.sources.size());
  const size_t n = here->source.size();
  const auto goes_on = [&] { return budget_ > 0 && here->seconds > good_enough; };
  const auto accept = [&](const std::vector<int>& next) {
    if (!Holds(next)) return false;
    const double seconds = Time(next);
    if (seconds >= here->seconds * kBetter) return false;
    *here = {next, seconds};
    return true;
  };
  // Calls `then` with every other place that a block may have.
  const auto move = [&](const std::vector<int>& from, size_t block, const auto& then) {
    std::vector<int> next = from;
    for (int place = kResidentHere; place < places && goes_on(); ++place) {
      if (place == from[block] || !Streamable(block)) continue;
      next[block] = place;
      if (then(next)) return true;
    }
    return false;
  };
  // `count` blocks from `first` on at once.
  const std::function<bool(const std::vector<int>&, size_t, int)> move_some =
      [&](const std::vector<int>& from, size_t first, int count) {
        for (size_t i = first; i + count <= n && goes_on(); ++i) {
          const bool better = move(from, i, [&](const std::vector<int>& next) {
            return count == 1 ? accept(next) : move_some(next, i + 1, count - 1);
          });
          if (better) return true;
        }
        return false;
      };
  const int most = n > kFewBlocks ? 2 : n > kVeryFewBlocks ? 3 : 4;
  for (bool improved = true; improved && goes_on();) {
    improved = false;
    for (int count = 1; count <= most && !improved; ++count) {
      improved = move_some(std::vector<int>(here->source), 0, count);
    }
  }
}

std::optional<StreamSearch::Found> StreamSearch::Run(int slots, uint64_t slot_bytes,
                                                     uint64_t resident_capacity,
                                                     double good_enough) {
  slots_ = slots;
  slot_bytes_ = slot_bytes;
  resident_capacity_ = resident_capacity;
  Found best;
  best.seconds = kNever;
  Streamed everything(request_.blocks.size(), 0);
  for (size_t i = 0; i < everything.size(); ++i) everything[i] = Streamable(i);
  const bool refined = request_.sources.size() > 1, few = everything.size() <= kFewBlocks;
  for (const Streamed& start : {StartFromKnapsack(), StartFromPace(), everything}) {
    Found found = best;
    if (few && refined) found.seconds = kNever;  // there is time to refine what each start leads to
    Improve(start, &found, good_enough);
    if (few && refined) Refine(&found, good_enough);
    if (found.seconds < best.seconds) best = std::move(found);
    if (best.seconds <= good_enough) break;
  }
  if (best.seconds == kNever) return std::nullopt;
  if (refined && !few) Refine(&best, good_enough);
  return best;
}

}  // namespace hanga::placement
