// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One image of a LatentPipeline on its way.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "worker/pipelines/group_trip.h"
#include "worker/pipelines/latent_model.h"
#include "worker/pipelines/sampled_generation.h"

namespace hanga {

// What a repainted picture keeps of the first one; all float32 on the device.
struct LatentMask {
  at::Tensor keep;     // [1, 1, h, w]: 0 where it is repainted, 1 where the first picture stays
  at::Tensor picture;  // [1, C, h, w] latents of the first picture
  at::Tensor noise;    // [1, C, h, w] that its latents get at every level
  at::Tensor beside;   // [1, 1 + C, h, w] mask and masked picture that a 9-channel model is shown
};

// Latents are a grid, [1, C, h, w].
struct LatentGeneration final : SampledGeneration {
  // Whether this step is guided by the negative prompt.
  bool guided() const;

  Conditioning text;
  std::optional<Conditioning> negative;  // set where guidance is on
  std::optional<LatentMask> mask;
  GroupTrip trip;  // of a step that is on its way
};

}  // namespace hanga
