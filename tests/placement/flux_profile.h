// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// FLUX.1-dev in bf16 with its text encoders and VAE, from shapes alone: 60 denoiser blocks,
// 11,901,408,320 parameters, 59.5 TFLOP in linear layers and 14.9 in attention at 1024x1024.
#pragma once

#include <string>

#include "placement/profile.h"

namespace hanga::placement {

inline ModelProfile FluxProfile(int side = 1024, int steps = 28) {
  constexpr uint64_t kHidden = 3072, kText = 512, kBytes = 2;
  const uint64_t image_tokens = static_cast<uint64_t>(side / 16) * (side / 16);
  const uint64_t tokens = image_tokens + kText;
  ModelProfile profile;
  profile.model = "FLUX.1-dev";
  profile.width = profile.height = side;
  profile.steps = steps;
  profile.workspace_bytes = uint64_t{64} << 20;
  const auto add = [&](const std::string& component, Phase phase, const std::string& name,
                       uint64_t parameters, double linear_flops) -> BlockProfile& {
    BlockProfile& block = profile.blocks.emplace_back();
    block.component = component;
    block.phase = phase;
    block.name = name;
    block.stored_bytes = block.run_bytes = parameters * kBytes;
    block.linear_flops = linear_flops;
    return block;
  };
  const auto text = [&](const std::string& component, int layers, uint64_t embedding,
                        uint64_t layer, uint64_t length) {
    add(component, Phase::kTextEncoder, "embeddings", embedding, 0);
    for (int i = 0; i < layers; ++i) {
      add(component, Phase::kTextEncoder, "layers." + std::to_string(i), layer,
          2.0 * layer * length);
    }
    for (BlockProfile& block : profile.blocks) {
      if (block.component == component) block.activation_bytes = uint64_t{96} << 20;
    }
  };
  text("text_encoder", 12, 38'000'000, 7'087'872, 77);
  text("text_encoder_2", 24, 131'600'000, 192'900'000, kText);

  const uint64_t state = tokens * kHidden * kBytes;
  const double attention = 4.0 * tokens * tokens * kHidden;
  const auto denoise = [&](const std::string& name, uint64_t parameters, double flops,
                           double attention_flops) {
    BlockProfile& block = add("transformer", Phase::kDenoiser, name, parameters, flops);
    block.attention_flops = attention_flops;
    block.activation_bytes = 14 * state;  // the MLP's 4x, q, k, v, in and out
    block.boundary_bytes = state;
    block.exchange_bytes = attention_flops > 0 ? 4 * state : 0;
  };
  denoise("prelude", 45'047'808, 2.0 * 25'000'000 * kText, 0);
  for (int i = 0; i < 19; ++i) {
    denoise("double_blocks." + std::to_string(i), 339'831'296, 2.0 * 113.2e6 * tokens, attention);
  }
  denoise("join", 0, 0, 0);
  for (int i = 0; i < 38; ++i) {
    denoise("single_blocks." + std::to_string(i), 141'591'808, 2.0 * 113.2e6 * tokens, attention);
  }
  denoise("final_layer", 19'077'184, 2.0 * 200'000 * image_tokens, 0);
  profile.blocks.back().boundary_bytes = image_tokens * 64 * kBytes;

  const uint64_t pixels = static_cast<uint64_t>(side) * side;
  for (int i = 0; i < 4; ++i) {
    BlockProfile& block = add("vae", Phase::kVae, "up_blocks." + std::to_string(i), 12'500'000,
                              static_cast<double>(pixels) * 1.2e6);
    block.activation_bytes = pixels * 256 * kBytes * 3;
  }
  return profile;
}

}  // namespace hanga::placement
