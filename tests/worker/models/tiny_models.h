// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Small members of every registered family's components, with random weights and inputs.
#pragma once

#include <ATen/ATen.h>

#include "worker/models/autoencoder.h"
#include "worker/models/clip.h"
#include "worker/models/flux.h"
#include "worker/models/flux_modulation.h"
#include "worker/models/sd3.h"
#include "worker/models/t5.h"
#include "worker/models/unet.h"

namespace hanga::testing {

// Fills every declared slot; the same seed gives the same weights.
inline void FillRandomly(const std::vector<BlockWeights*>& blocks, int64_t seed = 7) {
  at::manual_seed(seed);
  for (BlockWeights* block : blocks)
    for (const Slot& slot : block->slots) *slot.tensor = 0.2 * at::randn(slot.shape);
}

inline FluxParams TinyFlux(bool guidance) {
  return {.in_channels = 8,
          .out_channels = 8,
          .text_dim = 12,
          .pooled_dim = 6,
          .hidden = 32,
          .heads = 2,
          .mlp_ratio = 4,
          .double_blocks = 2,
          .single_blocks = 2,
          .rope_axes = {4, 6, 6},
          .rope_theta = 10000,
          .guidance = guidance};
}

inline FluxConditioningState FluxConditions(const FluxParams& p, int64_t steps) {
  at::manual_seed(12);
  FluxConditioningState s;
  s.timestep = at::linspace(0.9, 0.2, steps);
  if (p.guidance) s.guidance = at::full({steps}, 3.5);
  s.pooled = at::randn({steps, p.pooled_dim});
  return s;
}

inline FluxState FluxInputs(const FluxParams& p, int64_t batch) {
  at::manual_seed(11);
  FluxState s;
  s.img = at::randn({batch, 6, p.in_channels});
  s.txt = at::randn({batch, 5, p.text_dim});
  s.img_ids = at::stack({at::zeros(6), at::arange(6).div(3).floor(), at::arange(6) % 3}, -1);
  s.txt_ids = at::zeros({5, 3});
  s.modulation = at::randn({batch, FluxModulationOffsets(p).Width()}) * 0.5;
  return s;
}

inline ClipParams TinyClip(int64_t projection_dim) {
  ClipParams p;
  p.vocabulary = 50, p.positions = 12, p.hidden = 16, p.intermediate = 24, p.heads = 2;
  p.layers = 3, p.projection_dim = projection_dim;
  return p;
}

inline T5Params TinyT5() {
  T5Params p;
  p.vocabulary = 50, p.hidden = 16, p.intermediate = 24, p.heads = 2, p.head_dim = 4, p.layers = 3;
  return p;
}

inline AutoencoderParams TinyAutoencoder(bool quant_conv) {
  AutoencoderParams p;
  p.channels = {8, 16, 16}, p.norm_groups = 4, p.latent_channels = 4, p.layers_per_level = 1;
  p.quant_conv = p.post_quant_conv = quant_conv;
  return p;
}

// Three levels as SDXL has them, or Stable Diffusion 1's kind.
inline UnetParams TinyUnet(bool xl) {
  UnetParams p;
  p.channels = {8, 16, 16}, p.depths = {xl ? 0 : 1, 1, xl ? 2 : 0}, p.heads = {2, 2, 4};
  p.mid_depth = xl ? 2 : 1, p.text_dim = 12, p.norm_groups = 4, p.linear_projections = xl;
  if (xl) p.added_dim = 6 + 6 * 4, p.size_embed_dim = 4;
  return p;
}

inline UnetState UnetInputs(const UnetParams& p, int64_t batch) {
  at::manual_seed(13);
  UnetState s;
  s.x = at::randn({batch, p.in_channels, 7, 6});
  s.timestep = at::full({batch}, 731.0f);
  s.text = at::randn({batch, 5, p.text_dim});
  if (p.added_dim > 0) {
    s.pooled = at::randn({batch, 6});
    s.sizes = at::full({batch, 6}, 64.0f);
  }
  return s;
}

inline Sd3Params TinySd3(bool dual) {
  return {.in_channels = 4,
          .out_channels = 4,
          .patch = 2,
          .text_dim = 12,
          .pooled_dim = 6,
          .heads = 2,
          .head_dim = 8,
          .layers = 3,
          .position_side = 6,
          .qk_norm = dual,
          .dual_layers = dual ? 2 : 0};
}

inline Sd3State Sd3Inputs(const Sd3Params& p, int64_t batch) {
  at::manual_seed(14);
  Sd3State s;
  s.x = at::randn({batch, p.in_channels, 8, 6});
  s.timestep = at::full({batch}, 412.0f);
  s.text = at::randn({batch, 5, p.text_dim});
  s.pooled = at::randn({batch, p.pooled_dim});
  return s;
}

}  // namespace hanga::testing
