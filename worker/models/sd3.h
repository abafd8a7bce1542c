// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Stable Diffusion 3 and 3.5 (arXiv:2403.03206): a rectified-flow transformer over joint text and
// image tokens, MMDiT. Keys are those of the original checkpoints.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>

#include "absl/status/statusor.h"
#include "worker/layers/block_list.h"

namespace hanga {

// The defaults are SD3 Medium. SD3.5 Large has 38 layers and heads and q/k norms, SD3.5 Medium q/k
// norms and 13 layers with a second attention.
struct Sd3Params {
  int64_t in_channels = 16, out_channels = 16;
  int64_t patch = 2;
  int64_t text_dim = 4096;
  int64_t pooled_dim = 2048;
  int64_t heads = 24;
  int64_t head_dim = 64;
  int64_t layers = 24;
  int64_t position_side = 192;  // of the table of positions, in patches
  bool qk_norm = false;
  int64_t dual_layers = 0;  // the first so many attend to the image once more, by itself

  int64_t hidden() const { return heads * head_dim; }
};

// Everything that crosses a block boundary. Set by the caller: x, timestep, text and pooled. After
// the last block `x` is the prediction, patch by patch.
struct Sd3State {
  at::Tensor x;         // [B, C, H, W], then [B, L, hidden], at last [B, L, patch * patch * out]
  at::Tensor timestep;  // [B] 0 to 1000, float32; consumed by the first block
  at::Tensor text;      // [B, L_txt, text_dim], then hidden; undefined after the last layer
  at::Tensor pooled;    // [B, pooled_dim]; consumed by the first block
  at::Tensor vec;       // [B, hidden] time and pooled text, activated

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    for (at::Tensor* t : {&x, &timestep, &text, &pooled, &vec}) visit(*t);
  }
};

// Reads a diffusers transformer/config.json. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<Sd3Params> ParseSd3Config(const nlohmann::json& config);

// Blocks: prelude, joint_blocks.N, final_layer.
BlockList<Sd3State> MakeSd3(const Sd3Params& params);

// [B, rows * columns, patch * patch * C] of the last block -> [B, C, rows * patch, columns *
// patch].
at::Tensor UnpatchSd3(const at::Tensor& tokens, int64_t rows, int64_t columns, int64_t patch);

}  // namespace hanga
