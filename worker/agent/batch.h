// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which generations step next: a pure function of what is on the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace hanga {

// A generation that has steps left.
struct Candidate {
  std::string model;          // name and revision
  std::string batch_key;      // of its pipeline; equal keys may step together
  bool alone = false;         // asked for bits that no batch may change
  uint64_t last_stepped = 0;  // the turn of its last step; 0 if none
};

// How many may step together, learnt from running out of memory. Not thread-safe.
class BatchLimits {
 public:
  explicit BatchLimits(size_t most) : most_(most) {}

  size_t Of(const Candidate& candidate) const;
  // A batch of this size did not fit: half of it is the limit from now on.
  void OutOfMemory(const Candidate& candidate, size_t batch_size);

 private:
  const size_t most_;
  std::map<std::pair<std::string, std::string>, size_t> limits_;
};

// Indices of the candidates that step now, ascending: whoever waited longest, and those that may
// step with it, who waited longest first where not all fit. Empty if there are none.
std::vector<size_t> ChooseBatch(absl::Span<const Candidate> candidates, const BatchLimits& limits);

}  // namespace hanga
