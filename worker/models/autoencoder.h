// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// AutoencoderKL: the image autoencoder of Stable Diffusion (4 channels) and FLUX (16 channels).
// Keys are those of diffusers.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/layers/block_list.h"
#include "worker/models/strips.h"

namespace hanga {

// The defaults are FLUX.1's.
struct AutoencoderParams {
  int64_t in_channels = 3, out_channels = 3;
  int64_t latent_channels = 16;
  std::vector<int64_t> channels = {128, 256, 512, 512};  // per level, from the image inwards
  int64_t layers_per_level = 2;
  int64_t norm_groups = 32;
  bool quant_conv = false, post_quant_conv = false;
  // latent of the model = (latent of the autoencoder - shift_factor) * scaling_factor. The block
  // lists neither scale nor shift.
  double scaling_factor = 0.3611, shift_factor = 0.1159;
  int64_t sample_size = 1024;  // pixels; the side of a tile where tiling is asked for

  int64_t factor() const { return int64_t{1} << (channels.size() - 1); }  // pixels per latent
};

struct AutoencoderState {
  at::Tensor x;   // [B, C, H, W], any memory format
  Strips strips;  // how large pictures are worked on

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    visit(x);
  }
};

// Reads a vae/config.json. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<AutoencoderParams> ParseAutoencoderConfig(const nlohmann::json& config);

// Image [B, 3, H, W] in -1 to 1 -> moments [B, 2 * latent_channels, H / factor, W / factor]: mean,
// then log variance. Blocks: encoder.conv_in, encoder.down_blocks.N, encoder.mid_block,
// encoder.out.
BlockList<AutoencoderState> MakeEncoder(const AutoencoderParams& params);

// Latent [B, latent_channels, h, w] -> image. Blocks: decoder.conv_in, decoder.mid_block,
// decoder.up_blocks.N, decoder.out.
BlockList<AutoencoderState> MakeDecoder(const AutoencoderParams& params);

// What the moments say.
struct LatentDistribution {
  explicit LatentDistribution(const at::Tensor& moments);
  at::Tensor mean, std;  // [B, latent_channels, h, w]
};

}  // namespace hanga
