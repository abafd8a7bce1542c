// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <nlohmann/json.hpp>

#include "worker/layers/config_reader.h"
#include "worker/models/sd3.h"

namespace hanga {

absl::StatusOr<Sd3Params> ParseSd3Config(const nlohmann::json& json) {
  ConfigReader config(json, "transformer config");
  Sd3Params p;
  config.Text("_class_name", "SD3Transformer2DModel", {"SD3Transformer2DModel"});
  p.in_channels = config.Integer("in_channels", 16, {1, 1024});
  p.out_channels = config.Integer("out_channels", p.in_channels, {1, 1024});
  p.patch = config.Integer("patch_size", 2, {1, 64});
  p.text_dim = config.Integer("joint_attention_dim", 4096, {1, 1 << 16});
  p.pooled_dim = config.Integer("pooled_projection_dim", 2048, {1, 1 << 16});
  p.heads = config.Integer("num_attention_heads", 18, {1, 1024});
  p.head_dim = config.Integer("attention_head_dim", 64, {1, 1024});
  p.layers = config.Integer("num_layers", 18, {1, 1000});
  p.position_side = config.Integer("pos_embed_max_size", 96, {1, 4096});
  p.qk_norm = config.Has("qk_norm");
  config.Text("qk_norm", "rms_norm", {"rms_norm"});
  config.Require(config.Integer("caption_projection_dim", p.hidden(), {1, 1 << 20}) == p.hidden(),
                 "caption_projection_dim", "num_attention_heads times attention_head_dim");

  // The layers with a second attention come first, without a gap.
  const auto dual = json.find("dual_attention_layers");
  if (config.status().ok() && dual != json.end() && dual->is_array()) {
    for (size_t i = 0; i < dual->size(); ++i)
      config.Require((*dual)[i] == i, "dual_attention_layers", "0, 1, 2 and so on");
    p.dual_layers = static_cast<int64_t>(dual->size());
    config.Require(p.dual_layers <= p.layers, "dual_attention_layers", "within num_layers");
  }
  if (!config.status().ok()) return config.status();
  return p;
}

}  // namespace hanga
