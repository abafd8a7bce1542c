// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One FLUX.1 image on its way.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "worker/pipelines/first_picture.h"
#include "worker/pipelines/flux_text.h"
#include "worker/pipelines/group_trip.h"
#include "worker/pipelines/sampled_generation.h"

namespace hanga {

// The modulation of some consecutive steps of a schedule.
struct FluxModulation {
  int64_t first_step = 0;
  at::Tensor rows;  // [steps, M]; undefined before the first
};

// Latents are tokens, [1, rows * columns, C].
struct FluxGeneration final : SampledGeneration {
  int64_t rows = 0, columns = 0;  // of the token grid: 2x2 latents each
  FluxText text;
  std::optional<FluxText> negative;  // set where true CFG is on
  FluxModulation modulation, negative_modulation;
  GroupTrip trip;                  // of a step that is on its way
  std::optional<LatentMask> mask;  // of tokens
};

}  // namespace hanga
