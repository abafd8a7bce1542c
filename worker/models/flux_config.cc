// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <numeric>

#include "worker/layers/config_reader.h"
#include "worker/models/flux.h"

namespace hanga {

absl::StatusOr<FluxParams> ParseFluxConfig(const nlohmann::json& json) {
  ConfigReader config(json, "transformer config");
  FluxParams p;
  config.Text("_class_name", "FluxTransformer2DModel", {"FluxTransformer2DModel"});
  config.Integer("patch_size", 1, {1, 1});  // FLUX packs its patches before the transformer
  p.in_channels = config.Integer("in_channels", 64, {4, 1 << 16});
  p.out_channels = config.Integer("out_channels", p.in_channels, {4, 1 << 16});
  p.text_dim = config.Integer("joint_attention_dim", 4096, {1, 1 << 16});
  p.pooled_dim = config.Integer("pooled_projection_dim", 768, {1, 1 << 16});
  p.heads = config.Integer("num_attention_heads", 24, {1, 1024});
  const int64_t head_dim = config.Integer("attention_head_dim", 128, {2, 1024});
  p.hidden = p.heads * head_dim;
  p.double_blocks = config.Integer("num_layers", 19, {0, 1000});
  p.single_blocks = config.Integer("num_single_layers", 38, {0, 1000});
  p.guidance = config.Boolean("guidance_embeds", false);
  p.rope_axes = config.Integers("axes_dims_rope", {16, 56, 56}, {2, 1024}, 3);
  config.Require(p.rope_axes.size() == 3, "axes_dims_rope",
                 "three: of an index, a row and a column");
  for (const int64_t axis : p.rope_axes)
    config.Require(axis % 2 == 0, "axes_dims_rope", "even numbers, since dimensions turn in pairs");
  config.Require(std::accumulate(p.rope_axes.begin(), p.rope_axes.end(), int64_t{0}) == head_dim,
                 "axes_dims_rope",
                 "numbers that add up to attention_head_dim, " + std::to_string(head_dim));
  if (!config.status().ok()) return config.status();
  return p;
}

}  // namespace hanga
