// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What steps of each size take, beside what was predicted.
#pragma once

#include "absl/time/time.h"
#include "hanga/v1/model_service.pb.h"

namespace hanga {

struct StepSize {
  uint32_t width = 0, height = 0, batch = 0;
  double predicted_seconds = 0;  // 0: the plan is for another size
};

// Adds a measured step; of the sizes, the 16 that were drawn last are kept. The first step of a
// size does not count: it warms up.
void AddStep(const StepSize& size, absl::Duration time, v1::ModelPlacement* placement);

}  // namespace hanga
