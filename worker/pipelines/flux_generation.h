// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One FLUX.1 image on its way.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

#include "worker/pipelines/flux_text.h"
#include "worker/pipelines/pipeline.h"
#include "worker/samplers/noise.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// The modulation of some consecutive steps of a schedule.
struct FluxModulation {
  int64_t first_step = 0;
  at::Tensor rows;  // [steps, M]; undefined before the first
};

// Plain data of its pipeline; other code sees it as a Generation.
struct FluxGeneration final : Generation {
  int step() const override { return static_cast<int>(sampler->step() - first_step); }
  int steps() const override { return static_cast<int>(sampler->steps() - first_step); }
  const std::string& batch_key() const override { return key; }

  // The token grid: 2x2 latents each.
  int64_t rows = 0, columns = 0;

  GenerationRequest request;
  std::string key;
  FluxText text;
  std::optional<FluxText> negative;  // set where true CFG is on
  FluxModulation modulation, negative_modulation;
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<SeededNoise> noise;
  int64_t first_step = 0;  // above 0 where the walk began at a picture
  at::Tensor latents;      // [1, rows * columns, C], float32 on the device
  at::Tensor denoised;     // the same, where the last step was heading; undefined before
};

}  // namespace hanga
