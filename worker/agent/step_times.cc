// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/step_times.h"

#include <algorithm>

namespace hanga {
namespace {

constexpr int kMostSizes = 16;
constexpr double kNewest = 0.1;  // its share of the moving average

}  // namespace

void AddStep(const StepSize& size, absl::Duration time, v1::ModelPlacement* placement) {
  auto& all = *placement->mutable_step_times();
  auto found = std::find_if(all.begin(), all.end(), [&](const v1::StepTimes& t) {
    return t.width() == size.width && t.height() == size.height && t.batch() == size.batch;
  });
  if (found == all.end()) {
    if (all.size() == kMostSizes) all.DeleteSubrange(kMostSizes - 1, 1);
    v1::StepTimes& times = *all.Add();
    times.set_width(size.width);
    times.set_height(size.height);
    times.set_batch(size.batch);
    found = all.end() - 1;
  } else {
    const uint64_t steps = found->steps();
    const double seconds = absl::ToDoubleSeconds(time);
    // An average of all until there are enough for a moving one.
    const double share = std::max(kNewest, 1.0 / static_cast<double>(steps + 1));
    found->set_measured_seconds(found->measured_seconds() +
                                share * (seconds - found->measured_seconds()));
    found->set_steps(steps + 1);
  }
  found->set_predicted_seconds(size.predicted_seconds);
  std::rotate(all.pointer_begin(), all.pointer_begin() + (found - all.begin()),
              all.pointer_begin() + (found - all.begin()) + 1);
}

}  // namespace hanga
