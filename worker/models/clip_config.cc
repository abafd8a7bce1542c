// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/layers/config_reader.h"
#include "worker/models/clip.h"

namespace hanga {

absl::StatusOr<ClipParams> ParseClipConfig(const nlohmann::json& json) {
  ConfigReader config(json, "CLIP config");
  ClipParams p;
  config.Text("model_type", "clip_text_model", {"clip_text_model"});
  p.vocabulary = config.Integer("vocab_size", 49408, {1, 1 << 24});
  p.positions = config.Integer("max_position_embeddings", 77, {2, 1 << 16});
  p.hidden = config.Integer("hidden_size", 512, {1, 1 << 16});
  p.intermediate = config.Integer("intermediate_size", 2048, {1, 1 << 18});
  p.heads = config.Integer("num_attention_heads", 8, {1, 1024});
  p.layers = config.Integer("num_hidden_layers", 12, {1, 1000});
  p.norm_eps = config.Real("layer_norm_eps", 1e-5, {0, 1});
  p.eos_token_id = config.Integer("eos_token_id", 49407, {0, 1 << 24});
  const bool quick =
      config.Text("hidden_act", "quick_gelu", {"quick_gelu", "gelu"}) == "quick_gelu";
  p.activation = quick ? ClipParams::Activation::kQuickGelu : ClipParams::Activation::kGelu;
  config.Require(p.hidden % p.heads == 0, "num_attention_heads", "a divisor of hidden_size");

  const int64_t projection_dim = config.Integer("projection_dim", 512, {1, 1 << 16});
  const auto architectures = json.find("architectures");
  const bool projects = config.status().ok() && architectures != json.end() &&
                        *architectures == nlohmann::json::array({"CLIPTextModelWithProjection"});
  p.projection_dim = projects ? projection_dim : 0;
  if (!config.status().ok()) return config.status();
  return p;
}

}  // namespace hanga
