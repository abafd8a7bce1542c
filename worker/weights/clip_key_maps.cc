// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/clip_key_maps.h"

#include <utility>

namespace hanga {

KeyMap TransformersClip(std::vector<std::string> prefixes) {
  return {
      .name = "transformers CLIPTextModel",
      .prefixes = std::move(prefixes),
      .signature = {"text_model.embeddings.token_embedding.weight"},
      .rules =
          {
              {{"text_model.embeddings.position_ids"}, {}},
              {{"text_projection.weight"}, {"text_projection.weight"}, Change::kSpare},
              {{"vision_model.*"}, {}},
              {{"visual_projection.*"}, {}},
              {{"logit_scale"}, {}},
          },
  };
}

KeyMap OpenClip(std::vector<std::string> prefixes) {
  const std::string from = "transformer.resblocks.#.", to = "text_model.encoder.layers.#.";
  const std::string attention = to + "self_attn.";
  const std::vector<std::string> weights = {
      attention + "q_proj.weight", attention + "k_proj.weight", attention + "v_proj.weight"};
  const std::vector<std::string> biases = {attention + "q_proj.bias", attention + "k_proj.bias",
                                           attention + "v_proj.bias"};
  return {
      .name = "OpenCLIP",
      .prefixes = std::move(prefixes),
      .signature = {"transformer.resblocks.0.attn.in_proj_weight", "token_embedding.weight"},
      .rules =
          {
              {{"token_embedding.weight"}, {"text_model.embeddings.token_embedding.weight"}},
              {{"positional_embedding"}, {"text_model.embeddings.position_embedding.weight"}},
              {{from + "attn.in_proj_weight"}, weights},
              {{from + "attn.in_proj_bias"}, biases},
              {{from + "attn.out_proj.*"}, {attention + "out_proj.*"}},
              {{from + "ln_1.*"}, {to + "layer_norm1.*"}},
              {{from + "ln_2.*"}, {to + "layer_norm2.*"}},
              {{from + "mlp.c_fc.*"}, {to + "mlp.fc1.*"}},
              {{from + "mlp.c_proj.*"}, {to + "mlp.fc2.*"}},
              {{"ln_final.*"}, {"text_model.final_layer_norm.*"}},
              {{"text_projection"}, {"text_projection.weight"}, Change::kTransposeSpare},
              {{"attn_mask"}, {}},
              {{"visual.*"}, {}},
              {{"logit_scale"}, {}},
          },
  };
}

}  // namespace hanga
