// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/layers/config_reader.h"
#include "worker/models/autoencoder.h"

namespace hanga {

absl::StatusOr<AutoencoderParams> ParseAutoencoderConfig(const nlohmann::json& json) {
  ConfigReader config(json, "vae config");
  AutoencoderParams p;
  config.Text("_class_name", "AutoencoderKL", {"AutoencoderKL"});
  config.Text("act_fn", "silu", {"silu", "swish"});
  config.All("down_block_types", "DownEncoderBlock2D");
  config.All("up_block_types", "UpDecoderBlock2D");
  config.Require(config.Boolean("mid_block_add_attention", true), "mid_block_add_attention",
                 "true");
  for (const char* field : {"latents_mean", "latents_std"})
    config.Require(!config.Has(field), field, "null: latents have one scale and shift");

  p.in_channels = config.Integer("in_channels", 3, {1, 1024});
  p.out_channels = config.Integer("out_channels", 3, {1, 1024});
  p.latent_channels = config.Integer("latent_channels", 4, {1, 1024});
  p.channels = config.Integers("block_out_channels", {64}, {1, 1 << 16}, 8);
  p.layers_per_level = config.Integer("layers_per_block", 1, {1, 100});
  p.norm_groups = config.Integer("norm_num_groups", 32, {1, 1 << 16});
  for (const int64_t channels : p.channels)
    config.Require(channels % p.norm_groups == 0, "norm_num_groups",
                   "a divisor of every one of block_out_channels");
  p.quant_conv = config.Boolean("use_quant_conv", true);
  p.post_quant_conv = config.Boolean("use_post_quant_conv", true);
  p.scaling_factor = config.Real("scaling_factor", 0.18215, {1e-6, 1e6});
  p.shift_factor = config.Real("shift_factor", 0, {-1e6, 1e6});
  p.sample_size = config.Integer("sample_size", 512, {1, 1 << 16});
  if (!config.status().ok()) return config.status();
  return p;
}

}  // namespace hanga
