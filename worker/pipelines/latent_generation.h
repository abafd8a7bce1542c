// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One image of a LatentPipeline on its way.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

#include "worker/pipelines/latent_model.h"
#include "worker/pipelines/pipeline.h"
#include "worker/samplers/noise.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// What a repainted picture keeps of the first one; all float32 on the device.
struct LatentMask {
  at::Tensor keep;     // [1, 1, h, w]: 0 where it is repainted, 1 where the first picture stays
  at::Tensor picture;  // [1, C, h, w] latents of the first picture
  at::Tensor noise;    // [1, C, h, w] that its latents get at every level
  at::Tensor beside;   // [1, 1 + C, h, w] mask and masked picture that a 9-channel model is shown
};

// Plain data of its pipeline; other code sees it as a Generation.
struct LatentGeneration final : Generation {
  int step() const override { return static_cast<int>(sampler->step() - first_step); }
  int steps() const override { return static_cast<int>(sampler->steps() - first_step); }
  const std::string& batch_key() const override { return key; }

  // Whether this step is guided by the negative prompt.
  bool guided() const;

  GenerationRequest request;
  std::string key;
  Conditioning text;
  std::optional<Conditioning> negative;  // set where guidance is on
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<SeededNoise> noise;
  std::optional<LatentMask> mask;
  int64_t first_step = 0;  // above 0 where the walk began at a picture
  at::Tensor latents;      // [1, C, h, w], float32 on the device
  at::Tensor denoised;     // the same, where the last step was heading; undefined before
};

}  // namespace hanga
