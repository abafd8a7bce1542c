// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/batch.h"

#include <algorithm>
#include <numeric>

namespace hanga {

size_t BatchLimits::Of(const Candidate& candidate) const {
  if (candidate.alone) return 1;
  const auto found = limits_.find({candidate.model, candidate.batch_key});
  return found == limits_.end() ? most_ : found->second;
}

void BatchLimits::OutOfMemory(const Candidate& candidate, size_t batch_size) {
  limits_[{candidate.model, candidate.batch_key}] = std::max<size_t>(1, batch_size / 2);
}

std::vector<size_t> ChooseBatch(absl::Span<const Candidate> candidates, const BatchLimits& limits) {
  std::vector<size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return candidates[a].last_stepped < candidates[b].last_stepped;
  });
  std::vector<size_t> batch;
  for (const size_t i : order) {
    if (batch.empty()) {
      batch.push_back(i);
      continue;
    }
    const Candidate& first = candidates[order.front()];
    if (batch.size() >= limits.Of(first)) break;
    const Candidate& other = candidates[i];
    if (!other.alone && other.model == first.model && other.batch_key == first.batch_key) {
      batch.push_back(i);
    }
  }
  std::sort(batch.begin(), batch.end());
  return batch;
}

}  // namespace hanga
