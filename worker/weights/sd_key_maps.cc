// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/sd_key_maps.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/weights/clip_key_maps.h"

namespace hanga {
namespace {

// Checkpoints of both families have two resnets a level; the fourth level is Stable Diffusion 1's
// and 2's alone.
constexpr int kLevels = 4, kResnets = 2;

void AddResnet(const std::string& from, const std::string& to, std::vector<KeyRule>* rules) {
  for (const auto& [ldm, ours] : {std::pair{"in_layers.0", "norm1"},
                                  {"in_layers.2", "conv1"},
                                  {"emb_layers.1", "time_emb_proj"},
                                  {"out_layers.0", "norm2"},
                                  {"out_layers.3", "conv2"},
                                  {"skip_connection", "conv_shortcut"}})
    rules->push_back({{absl::StrCat(from, ".", ldm, ".*")}, {absl::StrCat(to, ".", ours, ".*")}});
}

void AddAttention(const std::string& from, const std::string& to, std::vector<KeyRule>* rules) {
  for (const char* part : {"norm", "proj_in", "transformer_blocks", "proj_out"})
    rules->push_back({{absl::StrCat(from, ".", part, ".*")}, {absl::StrCat(to, ".", part, ".*")}});
}

void Add(const std::string& from, const std::string& to, std::vector<KeyRule>* rules) {
  rules->push_back({{from}, {to}});
}

// LDM numbers the blocks of each way through, resamplers included; diffusers by level.
std::vector<KeyRule> LdmUnetRules() {
  std::vector<KeyRule> rules;
  Add("time_embed.0.*", "time_embedding.linear_1.*", &rules);
  Add("time_embed.2.*", "time_embedding.linear_2.*", &rules);
  Add("label_emb.0.0.*", "add_embedding.linear_1.*", &rules);
  Add("label_emb.0.2.*", "add_embedding.linear_2.*", &rules);
  Add("input_blocks.0.0.*", "conv_in.*", &rules);
  for (int level = 0; level < kLevels; ++level) {
    const std::string down = absl::StrCat("down_blocks.", level);
    for (int j = 0; j < kResnets; ++j) {
      const std::string block = absl::StrCat("input_blocks.", 1 + level * (kResnets + 1) + j);
      AddResnet(block + ".0", absl::StrCat(down, ".resnets.", j), &rules);
      AddAttention(block + ".1", absl::StrCat(down, ".attentions.", j), &rules);
    }
    Add(absl::StrCat("input_blocks.", (level + 1) * (kResnets + 1), ".0.op.*"),
        down + ".downsamplers.0.conv.*", &rules);

    const std::string up = absl::StrCat("up_blocks.", level);
    for (int j = 0; j <= kResnets; ++j) {
      const std::string block = absl::StrCat("output_blocks.", level * (kResnets + 1) + j);
      AddResnet(block + ".0", absl::StrCat(up, ".resnets.", j), &rules);
      AddAttention(block + ".1", absl::StrCat(up, ".attentions.", j), &rules);
      // After the attention, where the level has one.
      Add(block + ".1.conv.*", up + ".upsamplers.0.conv.*", &rules);
      Add(block + ".2.conv.*", up + ".upsamplers.0.conv.*", &rules);
    }
  }
  AddResnet("middle_block.0", "mid_block.resnets.0", &rules);
  AddAttention("middle_block.1", "mid_block.attentions.0", &rules);
  AddResnet("middle_block.2", "mid_block.resnets.1", &rules);
  Add("out.0.*", "conv_norm_out.*", &rules);
  Add("out.2.*", "conv_out.*", &rules);
  return rules;
}

std::vector<KeyRule> DiffusersSd3Rules() {
  std::vector<KeyRule> rules;
  Add("pos_embed.proj.*", "x_embedder.proj.*", &rules);
  Add("pos_embed.pos_embed", "pos_embed", &rules);
  Add("time_text_embed.timestep_embedder.linear_1.*", "t_embedder.mlp.0.*", &rules);
  Add("time_text_embed.timestep_embedder.linear_2.*", "t_embedder.mlp.2.*", &rules);
  Add("time_text_embed.text_embedder.linear_1.*", "y_embedder.mlp.0.*", &rules);
  Add("time_text_embed.text_embedder.linear_2.*", "y_embedder.mlp.2.*", &rules);
  const std::string from = "transformer_blocks.#.";
  const std::string x = "joint_blocks.#.x_block.", c = "joint_blocks.#.context_block.";
  rules.push_back(
      {{from + "attn.to_q.*", from + "attn.to_k.*", from + "attn.to_v.*"}, {x + "attn.qkv.*"}});
  rules.push_back(
      {{from + "attn2.to_q.*", from + "attn2.to_k.*", from + "attn2.to_v.*"}, {x + "attn2.qkv.*"}});
  rules.push_back(
      {{from + "attn.add_q_proj.*", from + "attn.add_k_proj.*", from + "attn.add_v_proj.*"},
       {c + "attn.qkv.*"}});
  Add(from + "attn.norm_q.*", x + "attn.ln_q.*", &rules);
  Add(from + "attn.norm_k.*", x + "attn.ln_k.*", &rules);
  Add(from + "attn.norm_added_q.*", c + "attn.ln_q.*", &rules);
  Add(from + "attn.norm_added_k.*", c + "attn.ln_k.*", &rules);
  Add(from + "attn2.norm_q.*", x + "attn2.ln_q.*", &rules);
  Add(from + "attn2.norm_k.*", x + "attn2.ln_k.*", &rules);
  Add(from + "attn.to_out.0.*", x + "attn.proj.*", &rules);
  Add(from + "attn2.to_out.0.*", x + "attn2.proj.*", &rules);
  Add(from + "attn.to_add_out.*", c + "attn.proj.*", &rules);
  Add(from + "ff.net.0.proj.*", x + "mlp.fc1.*", &rules);
  Add(from + "ff.net.2.*", x + "mlp.fc2.*", &rules);
  Add(from + "ff_context.net.0.proj.*", c + "mlp.fc1.*", &rules);
  Add(from + "ff_context.net.2.*", c + "mlp.fc2.*", &rules);
  Add(from + "norm1.linear.*", x + "adaLN_modulation.1.*", &rules);
  // diffusers takes scale first where a stream ends, the original shift.
  rules.push_back(
      {{from + "norm1_context.linear.*"}, {c + "adaLN_modulation.1.*"}, Change::kSwapHalvesOfLast});
  rules.push_back(
      {{"norm_out.linear.*"}, {"final_layer.adaLN_modulation.1.*"}, Change::kSwapHalves});
  Add("proj_out.*", "final_layer.linear.*", &rules);
  return rules;
}

}  // namespace

absl::Span<const KeyMap> UnetKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{
      {
          .name = "diffusers UNet2DConditionModel",
          .prefixes = {"", "unet."},
          .signature = {"conv_in.weight", "down_blocks.0.resnets.0.time_emb_proj.weight"},
          .rules = {},
      },
      {
          .name = "LDM UNetModel",
          .prefixes = {"model.diffusion_model.", ""},
          .signature = {"input_blocks.0.0.weight", "middle_block.0.in_layers.0.weight"},
          .rules = LdmUnetRules(),
      },
  };
  return *maps;
}

absl::Span<const KeyMap> Sd3TransformerKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{
      {
          .name = "SD3 MMDiT",
          .prefixes = {"model.diffusion_model.", ""},
          .signature = {"joint_blocks.0.x_block.attn.qkv.weight", "x_embedder.proj.weight"},
          .rules = {},
      },
      {
          .name = "diffusers SD3Transformer2DModel",
          .prefixes = {""},
          .signature = {"pos_embed.proj.weight", "transformer_blocks.0.attn.add_q_proj.weight"},
          .rules = DiffusersSd3Rules(),
      },
  };
  return *maps;
}

absl::Span<const KeyMap> SecondClipKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{
      TransformersClip({"", "text_encoders.clip_g.transformer."}),
      OpenClip({"", "conditioner.embedders.1.model.", "conditioner.embedders.0.model."}),
  };
  return *maps;
}

}  // namespace hanga
