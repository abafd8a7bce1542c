// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One image of a LatentPipeline on its way.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "worker/pipelines/first_picture.h"
#include "worker/pipelines/group_trip.h"
#include "worker/pipelines/latent_model.h"
#include "worker/pipelines/sampled_generation.h"

namespace hanga {

// Latents are a grid, [1, C, h, w].
struct LatentGeneration final : SampledGeneration {
  int step() const override;  // of both walks, and the enlarging between them
  int steps() const override;
  // Whether this step is guided by the negative prompt.
  bool guided() const;
  // Whether the next step is neither walk's, but makes the picture larger.
  bool enlarges() const;
  void UpdateKey();

  Inversions inversions;  // that its prompts have
  Conditioning text;
  std::optional<Conditioning> negative;  // set where guidance is on
  std::optional<LatentMask> mask;
  GroupTrip trip;                           // of a step that is on its way
  int64_t first_walk = 0, second_walk = 0;  // evaluations; there is no second walk of 0
  bool enlarged = false;                    // the sampler, texts and latents are the second walk's
};

}  // namespace hanga
