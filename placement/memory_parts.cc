// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/memory_parts.h"

#include <algorithm>

namespace hanga::placement {

std::vector<MemoryPart> MemoryParts(const RankPlan& rank) {
  std::vector<MemoryPart> parts = {
      {"resident", '#', "#2f6f9f", rank.resident_bytes},
      {"kept", 'k', "#6aa84f", rank.kept_bytes},
      {"lent", 'l', "#b4a7d6", rank.lent_bytes},
      {"ring", '=', "#e69138", rank.ring_slots * rank.slot_bytes},
  };
  // A component may need more than the denoiser's activations while it runs, and part of the
  // denoiser's memory with it: what is left up to the peak is shown as working memory.
  uint64_t used = 0;
  for (MemoryPart& part : parts) {
    part.bytes = std::min(part.bytes, rank.peak_bytes - used);
    used += part.bytes;
  }
  parts.push_back({"activations, workspace", 'a', "#cc4125", rank.peak_bytes - used});
  const uint64_t rest = rank.free_bytes - std::min(rank.free_bytes, rank.peak_bytes);
  const uint64_t reserve = std::min(rest, rank.reserve_bytes);
  parts.push_back({"unused", '.', "#eeeeee", rest - reserve});
  parts.push_back({"reserve", 'r', "#999999", reserve});
  return parts;
}

}  // namespace hanga::placement
