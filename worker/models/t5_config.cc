// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/layers/config_reader.h"
#include "worker/models/t5.h"

namespace hanga {

absl::StatusOr<T5Params> ParseT5Config(const nlohmann::json& json) {
  ConfigReader config(json, "T5 config");
  T5Params p;
  config.Text("model_type", "t5", {"t5"});
  config.Text("feed_forward_proj", "relu", {"gated-gelu"});
  config.Require(config.Has("feed_forward_proj"), "feed_forward_proj", "gated-gelu (T5 v1.1)");
  config.Text("dense_act_fn", "gelu_new", {"gelu_new"});
  p.vocabulary = config.Integer("vocab_size", 32128, {1, 1 << 24});
  p.hidden = config.Integer("d_model", 512, {1, 1 << 16});
  p.head_dim = config.Integer("d_kv", 64, {1, 1024});
  p.heads = config.Integer("num_heads", 8, {1, 1024});
  p.intermediate = config.Integer("d_ff", 2048, {1, 1 << 18});
  p.layers = config.Integer("num_layers", 6, {1, 1000});
  p.buckets = config.Integer("relative_attention_num_buckets", 32, {4, 1 << 16});
  p.max_distance = config.Integer("relative_attention_max_distance", 128, {2, 1 << 20});
  p.norm_eps = config.Real("layer_norm_epsilon", 1e-6, {0, 1});
  config.Require(p.buckets % 4 == 0, "relative_attention_num_buckets", "a multiple of 4");
  config.Require(p.max_distance > p.buckets / 4, "relative_attention_max_distance",
                 "more than a quarter of relative_attention_num_buckets");
  if (!config.status().ok()) return config.status();
  return p;
}

}  // namespace hanga
