// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/models/registry.h"

#include <algorithm>

namespace hanga {
namespace {

bool HasKey(absl::Span<const std::string> keys, std::string_view wanted) {
  return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
    if (!key.ends_with(wanted)) return false;
    key.remove_suffix(wanted.size());
    return key.empty() || key.ends_with('.');
  });
}

}  // namespace

absl::Span<const Family> Families() {
  static const auto* families = new std::vector<Family>{
      {"flux",
       {"FluxPipeline", "FluxImg2ImgPipeline", "FluxInpaintPipeline"},
       {{"double_blocks.0.img_attn.qkv.weight", "vector_in.in_layer.weight"},
        {"single_transformer_blocks.0.proj_mlp.weight",
         "time_text_embed.text_embedder.linear_1.weight"}},
       "transformer",
       {{"text_encoder", ComponentKind::kClip, "CLIPTextModel"},
        {"text_encoder_2", ComponentKind::kT5, "T5EncoderModel"},
        {"transformer", ComponentKind::kFluxTransformer, "FluxTransformer2DModel"},
        {"vae", ComponentKind::kAutoencoder, "AutoencoderKL"}},
       {"tokenizer", "tokenizer_2"}},
      // Before "sdxl", whose signatures a checkpoint of it holds too; a folder's index tells them
      // apart by the text encoder that it has not.
      {"sdxl_refiner",
       {"StableDiffusionXLImg2ImgPipeline"},
       {{"input_blocks.0.0.weight", "label_emb.0.0.weight",
         "conditioner.embedders.0.model.text_projection"}},
       "unet",
       {{"text_encoder_2", ComponentKind::kClip, "CLIPTextModelWithProjection"},
        {"unet", ComponentKind::kUnet, "UNet2DConditionModel"},
        {"vae", ComponentKind::kAutoencoder, "AutoencoderKL"}},
       {"tokenizer_2"}},
      // Before "sd", whose signatures it holds too.
      {"sdxl",
       {"StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionXLInpaintPipeline"},
       {{"input_blocks.0.0.weight", "label_emb.0.0.weight"},
        {"down_blocks.0.resnets.0.time_emb_proj.weight", "add_embedding.linear_1.weight"}},
       "unet",
       {{"text_encoder", ComponentKind::kClip, "CLIPTextModel"},
        {"text_encoder_2", ComponentKind::kClip, "CLIPTextModelWithProjection"},
        {"unet", ComponentKind::kUnet, "UNet2DConditionModel"},
        {"vae", ComponentKind::kAutoencoder, "AutoencoderKL"}},
       {"tokenizer", "tokenizer_2"}},
      {"sd",
       {"StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline",
        "StableDiffusionInpaintPipeline"},
       {{"input_blocks.0.0.weight", "time_embed.0.weight"},
        {"down_blocks.0.resnets.0.time_emb_proj.weight", "conv_in.weight"}},
       "unet",
       {{"text_encoder", ComponentKind::kClip, "CLIPTextModel"},
        {"unet", ComponentKind::kUnet, "UNet2DConditionModel"},
        {"vae", ComponentKind::kAutoencoder, "AutoencoderKL"}},
       {"tokenizer"}},
      {"sd3",
       {"StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline",
        "StableDiffusion3InpaintPipeline"},
       {{"joint_blocks.0.x_block.attn.qkv.weight", "x_embedder.proj.weight"},
        {"transformer_blocks.0.attn.add_q_proj.weight", "pos_embed.proj.weight"}},
       "transformer",
       {{"text_encoder", ComponentKind::kClip, "CLIPTextModelWithProjection"},
        {"text_encoder_2", ComponentKind::kClip, "CLIPTextModelWithProjection"},
        {"text_encoder_3", ComponentKind::kT5, "T5EncoderModel"},
        {"transformer", ComponentKind::kSd3Transformer, "SD3Transformer2DModel"},
        {"vae", ComponentKind::kAutoencoder, "AutoencoderKL"}},
       {"tokenizer", "tokenizer_2", "tokenizer_3"}},
  };
  return *families;
}

const Family* FamilyByPipelineClass(std::string_view class_name) {
  for (const Family& family : Families()) {
    const auto& classes = family.pipeline_classes;
    if (std::find(classes.begin(), classes.end(), class_name) != classes.end()) return &family;
  }
  return nullptr;
}

const Family* FamilyByKeys(absl::Span<const std::string> keys) {
  for (const Family& family : Families()) {
    for (const auto& signature : family.signatures) {
      const bool holds = std::all_of(signature.begin(), signature.end(),
                                     [&](const std::string& key) { return HasKey(keys, key); });
      if (holds) return &family;
    }
  }
  return nullptr;
}

}  // namespace hanga
