// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Latencies of many calls, and what is said of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace hanga::bench {

class Latencies {
 public:
  void Add(absl::Duration latency) { values_.push_back(latency); }
  void Add(const Latencies& more) {
    values_.insert(values_.end(), more.values_.begin(), more.values_.end());
  }
  size_t count() const { return values_.size(); }

  // The smallest latency that `share` of the calls do not exceed, in ms; 0 without calls.
  double QuantileMs(double share) {
    if (values_.empty()) return 0;
    const size_t index = std::min(values_.size() - 1, static_cast<size_t>(share * values_.size()));
    std::nth_element(values_.begin(), values_.begin() + index, values_.end());
    return absl::ToDoubleMilliseconds(values_[index]);
  }

 private:
  std::vector<absl::Duration> values_;
};

}  // namespace hanga::bench
