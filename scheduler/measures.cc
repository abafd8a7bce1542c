// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/measures.h"

#include <algorithm>

namespace hanga {

void DurationHistogram::Observe(absl::Duration value) {
  const double seconds = absl::ToDoubleSeconds(value);
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  ++counts[static_cast<size_t>(bound - kBounds.begin())];
  sum_seconds += seconds;
}

}  // namespace hanga
