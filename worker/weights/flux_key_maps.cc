// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/flux_key_maps.h"

#include "worker/weights/clip_key_maps.h"

namespace hanga {

absl::Span<const KeyMap> FluxTransformerKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{
      {
          .name = "BFL FLUX",
          .prefixes = {"", "model.diffusion_model."},
          .signature = {"img_in.weight", "double_blocks.0.img_attn.qkv.weight"},
          .rules = {},
      },
      {
          .name = "diffusers FluxTransformer2DModel",
          .prefixes = {""},
          .signature = {"x_embedder.weight", "transformer_blocks.0.attn.to_q.weight"},
          .rules =
              {
                  {{"x_embedder.*"}, {"img_in.*"}},
                  {{"context_embedder.*"}, {"txt_in.*"}},
                  {{"time_text_embed.timestep_embedder.linear_1.*"}, {"time_in.in_layer.*"}},
                  {{"time_text_embed.timestep_embedder.linear_2.*"}, {"time_in.out_layer.*"}},
                  {{"time_text_embed.text_embedder.linear_1.*"}, {"vector_in.in_layer.*"}},
                  {{"time_text_embed.text_embedder.linear_2.*"}, {"vector_in.out_layer.*"}},
                  {{"time_text_embed.guidance_embedder.linear_1.*"}, {"guidance_in.in_layer.*"}},
                  {{"time_text_embed.guidance_embedder.linear_2.*"}, {"guidance_in.out_layer.*"}},

                  {{"transformer_blocks.#.norm1.linear.*"}, {"double_blocks.#.img_mod.lin.*"}},
                  {{"transformer_blocks.#.norm1_context.linear.*"},
                   {"double_blocks.#.txt_mod.lin.*"}},
                  {{"transformer_blocks.#.attn.to_q.*", "transformer_blocks.#.attn.to_k.*",
                    "transformer_blocks.#.attn.to_v.*"},
                   {"double_blocks.#.img_attn.qkv.*"}},
                  {{"transformer_blocks.#.attn.add_q_proj.*",
                    "transformer_blocks.#.attn.add_k_proj.*",
                    "transformer_blocks.#.attn.add_v_proj.*"},
                   {"double_blocks.#.txt_attn.qkv.*"}},
                  {{"transformer_blocks.#.attn.norm_q.weight"},
                   {"double_blocks.#.img_attn.norm.query_norm.scale"}},
                  {{"transformer_blocks.#.attn.norm_k.weight"},
                   {"double_blocks.#.img_attn.norm.key_norm.scale"}},
                  {{"transformer_blocks.#.attn.norm_added_q.weight"},
                   {"double_blocks.#.txt_attn.norm.query_norm.scale"}},
                  {{"transformer_blocks.#.attn.norm_added_k.weight"},
                   {"double_blocks.#.txt_attn.norm.key_norm.scale"}},
                  {{"transformer_blocks.#.attn.to_out.0.*"}, {"double_blocks.#.img_attn.proj.*"}},
                  {{"transformer_blocks.#.attn.to_add_out.*"}, {"double_blocks.#.txt_attn.proj.*"}},
                  {{"transformer_blocks.#.ff.net.0.proj.*"}, {"double_blocks.#.img_mlp.0.*"}},
                  {{"transformer_blocks.#.ff.net.2.*"}, {"double_blocks.#.img_mlp.2.*"}},
                  {{"transformer_blocks.#.ff_context.net.0.proj.*"},
                   {"double_blocks.#.txt_mlp.0.*"}},
                  {{"transformer_blocks.#.ff_context.net.2.*"}, {"double_blocks.#.txt_mlp.2.*"}},

                  {{"single_transformer_blocks.#.norm.linear.*"},
                   {"single_blocks.#.modulation.lin.*"}},
                  {{"single_transformer_blocks.#.attn.to_q.*",
                    "single_transformer_blocks.#.attn.to_k.*",
                    "single_transformer_blocks.#.attn.to_v.*",
                    "single_transformer_blocks.#.proj_mlp.*"},
                   {"single_blocks.#.linear1.*"}},
                  {{"single_transformer_blocks.#.proj_out.*"}, {"single_blocks.#.linear2.*"}},
                  {{"single_transformer_blocks.#.attn.norm_q.weight"},
                   {"single_blocks.#.norm.query_norm.scale"}},
                  {{"single_transformer_blocks.#.attn.norm_k.weight"},
                   {"single_blocks.#.norm.key_norm.scale"}},

                  // diffusers takes scale first, BFL shift.
                  {{"norm_out.linear.*"},
                   {"final_layer.adaLN_modulation.1.*"},
                   Change::kSwapHalves},
                  {{"proj_out.*"}, {"final_layer.linear.*"}},
              },
      },
  };
  return *maps;
}

absl::Span<const KeyMap> ClipTextKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{
      TransformersClip({"", "text_encoders.clip_l.transformer.", "cond_stage_model.transformer.",
                        "conditioner.embedders.0.transformer."}),
      OpenClip({"cond_stage_model.model."}),
  };
  return *maps;
}

absl::Span<const KeyMap> T5EncoderKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{{
      .name = "transformers T5EncoderModel",
      .prefixes = {"", "text_encoders.t5xxl.transformer."},
      .signature = {"encoder.block.0.layer.0.SelfAttention.q.weight"},
      .rules =
          {
              {{"encoder.embed_tokens.weight"}, {"shared.weight"}, Change::kIfAbsent},
              {{"decoder.*"}, {}},
              {{"lm_head.*"}, {}},
          },
  }};
  return *maps;
}

absl::Span<const KeyMap> AutoencoderKeyMaps() {
  static const auto* maps = new std::vector<KeyMap>{
      {
          .name = "diffusers AutoencoderKL",
          .prefixes = {"", "vae."},
          .signature = {"decoder.up_blocks.0.resnets.0.conv1.weight"},
          .rules =
              {
                  // Attention as diffusers named it before 0.12.
                  {{"encoder.mid_block.attentions.#.query.*"},
                   {"encoder.mid_block.attentions.#.to_q.*"},
                   Change::kDropUnitDims},
                  {{"encoder.mid_block.attentions.#.key.*"},
                   {"encoder.mid_block.attentions.#.to_k.*"},
                   Change::kDropUnitDims},
                  {{"encoder.mid_block.attentions.#.value.*"},
                   {"encoder.mid_block.attentions.#.to_v.*"},
                   Change::kDropUnitDims},
                  {{"encoder.mid_block.attentions.#.proj_attn.*"},
                   {"encoder.mid_block.attentions.#.to_out.0.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid_block.attentions.#.query.*"},
                   {"decoder.mid_block.attentions.#.to_q.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid_block.attentions.#.key.*"},
                   {"decoder.mid_block.attentions.#.to_k.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid_block.attentions.#.value.*"},
                   {"decoder.mid_block.attentions.#.to_v.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid_block.attentions.#.proj_attn.*"},
                   {"decoder.mid_block.attentions.#.to_out.0.*"},
                   Change::kDropUnitDims},
              },
      },
      {
          .name = "LDM AutoencoderKL",
          .prefixes = {"", "vae.", "first_stage_model."},
          .signature = {"decoder.up.0.block.0.conv1.weight"},
          .rules =
              {
                  {{"encoder.down.#.block.#.nin_shortcut.*"},
                   {"encoder.down_blocks.#.resnets.#.conv_shortcut.*"}},
                  {{"encoder.down.#.block.#.*"}, {"encoder.down_blocks.#.resnets.#.*"}},
                  {{"encoder.down.#.downsample.conv.*"},
                   {"encoder.down_blocks.#.downsamplers.0.conv.*"}},
                  {{"encoder.mid.block_1.*"}, {"encoder.mid_block.resnets.0.*"}},
                  {{"encoder.mid.block_2.*"}, {"encoder.mid_block.resnets.1.*"}},
                  {{"encoder.mid.attn_1.norm.*"}, {"encoder.mid_block.attentions.0.group_norm.*"}},
                  {{"encoder.mid.attn_1.q.*"},
                   {"encoder.mid_block.attentions.0.to_q.*"},
                   Change::kDropUnitDims},
                  {{"encoder.mid.attn_1.k.*"},
                   {"encoder.mid_block.attentions.0.to_k.*"},
                   Change::kDropUnitDims},
                  {{"encoder.mid.attn_1.v.*"},
                   {"encoder.mid_block.attentions.0.to_v.*"},
                   Change::kDropUnitDims},
                  {{"encoder.mid.attn_1.proj_out.*"},
                   {"encoder.mid_block.attentions.0.to_out.0.*"},
                   Change::kDropUnitDims},
                  {{"encoder.norm_out.*"}, {"encoder.conv_norm_out.*"}},

                  // LDM numbers the decoder's levels by resolution, diffusers by their order.
                  {{"decoder.up.#.block.#.nin_shortcut.*"},
                   {"decoder.up_blocks.~.resnets.#.conv_shortcut.*"}},
                  {{"decoder.up.#.block.#.*"}, {"decoder.up_blocks.~.resnets.#.*"}},
                  {{"decoder.up.#.upsample.conv.*"}, {"decoder.up_blocks.~.upsamplers.0.conv.*"}},
                  {{"decoder.mid.block_1.*"}, {"decoder.mid_block.resnets.0.*"}},
                  {{"decoder.mid.block_2.*"}, {"decoder.mid_block.resnets.1.*"}},
                  {{"decoder.mid.attn_1.norm.*"}, {"decoder.mid_block.attentions.0.group_norm.*"}},
                  {{"decoder.mid.attn_1.q.*"},
                   {"decoder.mid_block.attentions.0.to_q.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid.attn_1.k.*"},
                   {"decoder.mid_block.attentions.0.to_k.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid.attn_1.v.*"},
                   {"decoder.mid_block.attentions.0.to_v.*"},
                   Change::kDropUnitDims},
                  {{"decoder.mid.attn_1.proj_out.*"},
                   {"decoder.mid_block.attentions.0.to_out.0.*"},
                   Change::kDropUnitDims},
                  {{"decoder.norm_out.*"}, {"decoder.conv_norm_out.*"}},
              },
      },
  };
  return *maps;
}

}  // namespace hanga
