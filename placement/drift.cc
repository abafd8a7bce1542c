// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/drift.h"

#include <algorithm>

#include "placement/quantities.h"

namespace hanga::placement {

Drift DriftOf(const RankPlan& rank, uint64_t free_bytes) {
  if (LackingBytes(rank, free_bytes) > 0) return Drift::kTighter;
  const uint64_t more = std::max(kGiB, rank.free_bytes / 10);
  if (rank.ring_slots > 0 && free_bytes > rank.free_bytes + more) return Drift::kRoomier;
  return Drift::kNone;
}

uint64_t LackingBytes(const RankPlan& rank, uint64_t free_bytes) {
  const uint64_t needed = rank.peak_bytes + rank.reserve_bytes / 2;
  return needed - std::min(needed, free_bytes);
}

}  // namespace hanga::placement
