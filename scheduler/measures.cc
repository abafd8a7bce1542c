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

size_t ResolutionClassOf(uint64_t pixels) {
  const auto it = std::find_if(kResolutionClasses.begin(), kResolutionClasses.end(),
                               [&](const ResolutionClass& c) { return pixels <= c.most_pixels; });
  return static_cast<size_t>(it - kResolutionClasses.begin());
}

void Measures::CountFailure(const std::string& reason) {
  const bool room = attempt_failures.size() < kMostReasons || attempt_failures.contains(reason);
  ++attempt_failures[room ? reason : "OTHER"];
}

// A worker may name any stage; only known ones become labels.
void Measures::ObserveStage(const std::string& model, absl::string_view stage,
                            absl::Duration duration) {
  const bool known =
      std::any_of(kStages.begin(), kStages.end(), [&](const char* name) { return stage == name; });
  if (known) models[model].stages[std::string(stage)].Observe(duration);
}

}  // namespace hanga
