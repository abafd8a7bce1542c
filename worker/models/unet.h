// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The UNets of Stable Diffusion 1 and 2 (arXiv:2112.10752) and of SDXL (arXiv:2307.01952). Keys are
// those of diffusers.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/layers/block_list.h"

namespace hanga {

// The defaults are Stable Diffusion 1.5. All lists go from the picture's resolution inwards.
struct UnetParams {
  int64_t in_channels = 4;  // 9 where mask and masked picture are concatenated (inpainting)
  int64_t out_channels = 4;
  std::vector<int64_t> channels = {320, 640, 1280, 1280};
  std::vector<int64_t> depths = {1, 1, 1, 0};  // transformer layers a level; 0: it sees no text
  std::vector<int64_t> heads = {8, 8, 8, 8};
  int64_t mid_depth = 1;
  int64_t resnets_per_level = 2;
  int64_t text_dim = 768;
  int64_t norm_groups = 32;
  double norm_eps = 1e-5;
  bool linear_projections = false;  // around transformers; else they are 1x1 convolutions
  int64_t added_dim = 0;            // of pooled text and embedded sizes together (SDXL); 0: none
  int64_t size_embed_dim = 256;     // of each size

  int64_t TimeDim() const { return 4 * channels[0]; }
};

// Everything that crosses a block boundary. Set by the caller: x, timestep, text, and with
// added_dim pooled and sizes. After the last block `x` is the prediction.
struct UnetState {
  static constexpr size_t kMaxSkips = 24;

  at::Tensor x;         // [B, C, H, W]
  at::Tensor timestep;  // [B] 0 to 1000, float32; consumed by the first block
  at::Tensor text;      // [B, L, text_dim]
  at::Tensor pooled;    // [B, pooled_dim]; consumed by the first block
  at::Tensor sizes;     // [B, 6 or 5] of picture, crop and target, float32; consumed likewise
  at::Tensor time;      // [B, TimeDim], activated, once embedded
  // Activations that the way up has yet to use: a stack, undefined above its top.
  std::array<at::Tensor, kMaxSkips> skips;

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    for (at::Tensor* t : {&x, &timestep, &text, &pooled, &sizes, &time}) visit(*t);
    for (at::Tensor& t : skips) visit(t);
  }
};

// Reads a unet/config.json. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<UnetParams> ParseUnetConfig(const nlohmann::json& config);

// Blocks: input, down_blocks.I.J, down_blocks.I.downsampler, mid_block.0 and .1, up_blocks.I.J,
// up_blocks.I.upsampler, output. One with a resnet and the transformer after it is the unit of
// placement.
BlockList<UnetState> MakeUnet(const UnetParams& params);

}  // namespace hanga
