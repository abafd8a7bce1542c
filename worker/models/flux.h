// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// FLUX.1 (Black Forest Labs, 2024): a rectified-flow transformer over joint text and image tokens.
// Keys are those of the original checkpoints.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/kernels/rows.h"
#include "worker/layers/block_list.h"

namespace hanga {

// The defaults are FLUX.1-dev.
struct FluxParams {
  int64_t in_channels = 64;   // of a token: latent channels times the 2x2 patch
  int64_t out_channels = 64;  // less than in_channels where a condition is concatenated
  int64_t text_dim = 4096;
  int64_t pooled_dim = 768;
  int64_t hidden = 3072;
  int64_t heads = 24;
  int64_t mlp_ratio = 4;
  int64_t double_blocks = 19;
  int64_t single_blocks = 38;
  std::vector<int64_t> rope_axes = {16, 56, 56};  // dimensions of a head for each axis of the ids
  double rope_theta = 10000;
  bool guidance = true;  // distilled guidance is an input (dev), or not (schnell)
};

// Shifts, scales and gates of every block for N steps of a schedule. They depend on timestep,
// guidance and pooled text alone, so they are made once a schedule: a step neither computes them
// nor needs their weights, 27 % of FLUX.1-dev, to be there. The caller sets timestep, pooled, and
// guidance where the model takes it.
struct FluxConditioningState {
  at::Tensor timestep;    // [N] 0 to 1, float32
  at::Tensor guidance;    // [N] as the user gives it (3.5), float32
  at::Tensor pooled;      // [N, pooled_dim]
  at::Tensor vec;         // [N, hidden], after the first block
  at::Tensor modulation;  // [N, M] of all blocks side by side, complete after the last

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    for (at::Tensor* t : {&timestep, &guidance, &pooled, &vec, &modulation}) visit(*t);
  }
};

// The norm that the next block begins with, made in the pass that made its input. It is a matter of
// speed alone: a block that finds none, or one of other rows, makes its own with the same bits.
struct FluxAhead {
  at::Tensor of;  // the input
  kernels::Rows rows;

  // What was made of x in this form, or undefined rows. None is left.
  kernels::Rows Take(const at::Tensor& x, kernels::RowForm form);
};

// Everything that crosses a block boundary. Set by the caller: img, txt, the ids and modulation;
// `rope` may be kept from an earlier run with the same ids, and is computed when undefined. After
// the last block `img` is the prediction.
struct FluxState {
  at::Tensor img;      // [B, L_img, in_channels], then hidden, at last out_channels
  at::Tensor txt;      // [B, L_txt, text_dim], then hidden; undefined once the streams have joined
  at::Tensor img_ids;  // [L_img, axes] positions, float32: (0, row, column)
  at::Tensor txt_ids;  // [L_txt, axes] positions, float32: zeros; consumed by the prelude
  at::Tensor modulation;           // [B, M]: each image's row of its FluxConditioningState
  at::Tensor rope;                 // [L_txt + L_img, head_dim / 2, 2] cosine and sine, float32
  FluxAhead img_ahead, txt_ahead;  // stay behind where the state crosses to another device

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    for (at::Tensor* t : {&img, &txt, &img_ids, &txt_ids, &modulation, &rope}) visit(*t);
  }
};

// Reads a diffusers transformer/config.json. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<FluxParams> ParseFluxConfig(const nlohmann::json& config);

// Blocks: embedding, double_blocks.N.modulation, single_blocks.N.modulation,
// final_layer.modulation.
BlockList<FluxConditioningState> MakeFluxConditioning(const FluxParams& params);

// Blocks: prelude, double_blocks.N, join, single_blocks.N, final_layer.
BlockList<FluxState> MakeFlux(const FluxParams& params);

}  // namespace hanga
