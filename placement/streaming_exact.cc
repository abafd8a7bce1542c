// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/streaming_exact.h"

#include <algorithm>
#include <numeric>

namespace hanga::placement {
namespace {

constexpr double kMatters = 1.004;  // a gain of less is not worth the branches

double CopySeconds(const StreamSource& from, const StreamBlock& block) {
  return from.latency_seconds + static_cast<double>(block.stored_bytes) / from.bytes_per_second;
}

}  // namespace

ExactSearch::ExactSearch(const StreamRequest& request, int budget)
    : request_(request), budget_(budget) {
  std::vector<double> fastest(request.engines, 0.0);
  for (const StreamSource& source : request.sources) {
    fastest[source.engine] = std::max(fastest[source.engine], source.bytes_per_second);
  }
  bandwidth_ = std::accumulate(fastest.begin(), fastest.end(), 0.0);
  bytes_from_.assign(request.blocks.size() + 1, 0);
  for (size_t i = request.blocks.size(); i-- > 0;) {
    compute_seconds_ += request.blocks[i].compute_seconds;
    bytes_from_[i] = bytes_from_[i + 1] + request.blocks[i].run_bytes;
  }
}

std::optional<ExactSearch::Found> ExactSearch::Run(int slots, uint64_t slot_bytes,
                                                   uint64_t resident_capacity,
                                                   double best_seconds) {
  slots_ = slots;
  slot_bytes_ = slot_bytes;
  resident_capacity_ = resident_capacity;
  best_seconds_ = best_seconds;
  found_.reset();
  source_.assign(request_.blocks.size(), kResidentHere);
  room_.clear();
  for (const StreamSource& source : request_.sources) room_.push_back(source.capacity_bytes);
  engine_seconds_.assign(request_.engines, 0.0);
  Place(0, {});
  return found_;
}

// What no pass can be faster than, wherever the blocks from `next` on are kept.
double ExactSearch::Bound(size_t next, const Branch& branch) const {
  double bound = std::max(compute_seconds_, branch.ring_seconds / slots_);
  for (const double engine : engine_seconds_) bound = std::max(bound, engine);
  const uint64_t room = resident_capacity_ - branch.resident_bytes;
  const uint64_t left = bytes_from_[next];
  const double more = static_cast<double>(left - std::min(left, room));
  return std::max(bound, (branch.streamed_bytes + more) / bandwidth_);
}

void ExactSearch::Place(size_t block, const Branch& branch) {
  if (--budget_ < 0 || Bound(block, branch) * kMatters >= best_seconds_) return;
  if (block == request_.blocks.size()) {
    const double seconds = SteadyPassSeconds(ToSimRank(request_, source_, slots_), &scratch_);
    if (seconds >= best_seconds_) return;
    best_seconds_ = seconds;
    found_ = Found{source_, seconds};
    return;
  }
  const uint64_t bytes = request_.blocks[block].run_bytes;
  source_[block] = kResidentHere;
  if (branch.resident_bytes + bytes <= resident_capacity_) {
    Branch stays = branch;
    stays.resident_bytes += bytes;
    Place(block + 1, stays);
  }
  if (bytes > 0 && bytes <= slot_bytes_) Stream(block, branch);
}

void ExactSearch::Stream(size_t block, const Branch& branch) {
  const StreamBlock& moved = request_.blocks[block];
  for (size_t s = 0; s < request_.sources.size(); ++s) {
    const StreamSource& from = request_.sources[s];
    const uint64_t kept = KeptBytes(from, moved);
    if (kept > room_[s]) continue;
    const double copy = CopySeconds(from, moved);
    Branch streams = branch;
    streams.streamed_bytes += static_cast<double>(moved.stored_bytes);
    streams.ring_seconds += copy + moved.compute_seconds;
    room_[s] -= kept;
    engine_seconds_[from.engine] += copy;
    source_[block] = static_cast<int>(s);
    Place(block + 1, streams);
    engine_seconds_[from.engine] -= copy;
    room_[s] += kept;
  }
  source_[block] = kResidentHere;
}

}  // namespace hanga::placement
