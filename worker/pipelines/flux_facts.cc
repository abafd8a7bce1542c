// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/model_settings.h"
#include "worker/samplers/registry.h"

namespace hanga {

absl::Status DescribeFlux(const ModelLayout& layout, const FluxModel& model, ModelFacts* facts) {
  const bool distilled_for_guidance = model.flux_params.guidance;  // dev; schnell has none
  const auto multiple = static_cast<int>(2 * model.vae_params.factor());
  facts->family = std::string(layout.family->name);
  facts->parameters = model.parameters();
  facts->weight_bytes = model.stored_bytes();

  ModelLimits& limits = facts->limits;
  limits.min_side = multiple;
  limits.max_side = 4096;
  limits.max_pixels = int64_t{4096} * 4096;
  limits.size_multiple = multiple;
  limits.max_steps = 1000;
  limits.max_sequence_length = distilled_for_guidance ? 512 : 256;
  limits.samplers = SamplerNames(SamplerKind::kFlow);
  limits.capabilities = {"init_image", "mask", "loras"};

  GenerationRequest& defaults = facts->defaults;
  defaults.width = defaults.height = 1024;
  defaults.steps = distilled_for_guidance ? 28 : 4;
  defaults.guidance_scale = distilled_for_guidance ? 3.5 : 0;
  defaults.max_sequence_length = limits.max_sequence_length;
  defaults.sampler = limits.samplers.front();
  defaults.scheduler = "simple";
  if (!layout.settings) return absl::OkStatus();
  return ApplyModelSettings(*layout.settings, &limits, &defaults);
}

}  // namespace hanga
