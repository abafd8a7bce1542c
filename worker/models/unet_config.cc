// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include <string>

#include "worker/layers/config_reader.h"
#include "worker/models/unet.h"

namespace hanga {
namespace {

using nlohmann::json;

// A number for all levels, or one for each.
std::vector<int64_t> PerLevel(ConfigReader& config, const json& all, const std::string& field,
                              int64_t fallback, size_t levels, int64_t highest) {
  const auto found = all.find(field);
  std::vector<int64_t> values(levels, fallback);
  if (found == all.end() || found->is_null()) return values;
  if (!found->is_array()) {
    return std::vector<int64_t>(levels, config.Integer(field, fallback, {1, highest}));
  }
  values = config.Integers(field, values, {1, highest}, levels);
  config.Require(values.size() == levels, field, "as long as block_out_channels");
  return config.status().ok() ? values : std::vector<int64_t>(levels, fallback);
}

// Which levels see the text, from the picture inwards; the way up mirrors the way down.
std::vector<bool> Attending(ConfigReader& config, const json& all, size_t levels) {
  std::vector<bool> attends(levels, true);
  attends.back() = false;
  const auto read = [&](const char* field, const char* plain, const char* cross, bool mirrored) {
    const auto found = all.find(field);
    if (found == all.end() || !config.status().ok()) return;
    config.Require(found->is_array() && found->size() == levels, field,
                   "as long as block_out_channels");
    for (size_t i = 0; i < levels && config.status().ok(); ++i) {
      const json& name = (*found)[i];
      const size_t level = mirrored ? levels - 1 - i : i;
      config.Require(name == plain || name == cross, field, "of plain and CrossAttn blocks");
      if (!mirrored) attends[level] = name == cross;
      config.Require(attends[level] == (name == cross), field, "the mirror of down_block_types");
    }
  };
  read("down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", false);
  read("up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", true);
  return attends;
}

// What would draw another picture than this network does.
void RefuseOthers(ConfigReader& config) {
  config.Text("_class_name", "UNet2DConditionModel", {"UNet2DConditionModel"});
  config.Text("act_fn", "silu", {"silu", "swish"});
  config.Text("mid_block_type", "UNetMidBlock2DCrossAttn", {"UNetMidBlock2DCrossAttn"});
  config.Text("resnet_time_scale_shift", "default", {"default"});
  config.Text("time_embedding_type", "positional", {"positional"});
  config.Text("attention_type", "default", {"default"});
  for (const char* field :
       {"class_embed_type", "num_class_embeds", "encoder_hid_dim", "encoder_hid_dim_type",
        "time_cond_proj_dim", "time_embedding_act_fn", "time_embedding_dim", "timestep_post_act",
        "cross_attention_norm", "reverse_transformer_layers_per_block"})
    config.Require(!config.Has(field), field, "null");
  for (const char* field :
       {"center_input_sample", "only_cross_attention", "dual_cross_attention",
        "class_embeddings_concat", "resnet_skip_time_act", "mid_block_only_cross_attention"})
    config.Require(!config.Boolean(field, false), field, "false");
  config.Require(config.Boolean("flip_sin_to_cos", true), "flip_sin_to_cos", "true");
  config.Integer("freq_shift", 0, {0, 0});
  config.Integer("conv_in_kernel", 3, {3, 3});
  config.Integer("conv_out_kernel", 3, {3, 3});
  config.Integer("downsample_padding", 1, {1, 1});
  config.Real("mid_block_scale_factor", 1, {1, 1});
  config.Real("resnet_out_scale_factor", 1, {1, 1});
}

}  // namespace

absl::StatusOr<UnetParams> ParseUnetConfig(const json& all) {
  ConfigReader config(all, "unet config");
  RefuseOthers(config);
  UnetParams p;
  p.in_channels = config.Integer("in_channels", 4, {1, 1024});
  p.out_channels = config.Integer("out_channels", 4, {1, 1024});
  p.channels = config.Integers("block_out_channels", p.channels, {1, 1 << 16}, 8);
  const size_t levels = p.channels.size();
  p.resnets_per_level = config.Integer("layers_per_block", 2, {1, 16});
  config.Require((p.resnets_per_level + 1) * static_cast<int64_t>(levels) <=
                     static_cast<int64_t>(UnetState::kMaxSkips),
                 "layers_per_block", "smaller: too many activations would wait");
  p.text_dim = config.Integer("cross_attention_dim", 768, {1, 1 << 16});
  p.norm_groups = config.Integer("norm_num_groups", 32, {1, 1 << 16});
  p.norm_eps = config.Real("norm_eps", 1e-5, {0, 1});
  p.linear_projections = config.Boolean("use_linear_projection", false);
  if (!config.status().ok()) return config.status();

  // By an old mistake of naming, attention_head_dim is the number of heads.
  p.heads = PerLevel(config, all, "attention_head_dim", 8, levels, 1024);
  p.depths = PerLevel(config, all, "transformer_layers_per_block", 1, levels, 100);
  p.mid_depth = p.depths.back();
  const std::vector<bool> attends = Attending(config, all, levels);
  for (size_t i = 0; i < levels; ++i) {
    if (!attends[i]) p.depths[i] = 0;
    config.Require(p.channels[i] % p.norm_groups == 0, "norm_num_groups",
                   "a divisor of every one of block_out_channels");
    config.Require(p.channels[i] % p.heads[i] == 0, "attention_head_dim",
                   "a divisor of the level's block_out_channels");
  }
  if (config.Has("addition_embed_type")) {
    config.Text("addition_embed_type", "text_time", {"text_time"});
    p.added_dim = config.Integer("projection_class_embeddings_input_dim", 2816, {1, 1 << 16});
    p.size_embed_dim = config.Integer("addition_time_embed_dim", 256, {2, 1 << 12});
  }
  if (!config.status().ok()) return config.status();
  return p;
}

}  // namespace hanga
