// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The text encoders of CLIP: OpenAI's ViT-L/14 (quick GELU) and OpenCLIP's bigG/14 (GELU, with a
// text projection). Keys are those of transformers.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>

#include "absl/status/statusor.h"
#include "worker/layers/block_list.h"

namespace hanga {

// The defaults are ViT-L/14.
struct ClipParams {
  enum class Activation { kQuickGelu, kGelu };

  int64_t vocabulary = 49408;
  int64_t positions = 77;  // the longest prompt in tokens, start and end included
  int64_t hidden = 768;
  int64_t intermediate = 3072;
  int64_t heads = 12;
  int64_t layers = 12;
  Activation activation = Activation::kQuickGelu;
  double norm_eps = 1e-5;
  int64_t eos_token_id = 2;    // 2 (old configurations): the highest id of a prompt ends it
  int64_t projection_dim = 0;  // of `pooled`; 0: there is no text projection
};

// Blocks are "text_model.embeddings", "text_model.encoder.layers.N", "final". After layer N `x` is
// what transformers calls hidden_states[N + 1]. To use an earlier one (clip skip), set `tap`.
struct ClipState {
  at::Tensor ids;     // [B, L] int64, L <= positions
  at::Tensor added;   // [n, hidden] that ids from `vocabulary` on stand for; undefined: none
  at::Tensor x;       // [B, L, hidden]; after "final" with its norm
  at::Tensor pooled;  // [B, hidden or projection_dim], at the end of the prompt; set by "final"
  at::Tensor tap;     // int64 scalar: which of hidden_states to keep; undefined: none
  at::Tensor tapped, tapped_normed;  // [B, L, hidden] that one, and under the last layer's norm

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    for (at::Tensor* t : {&ids, &added, &x, &pooled, &tap, &tapped, &tapped_normed}) visit(*t);
  }
};

// Reads a text_encoder/config.json. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<ClipParams> ParseClipConfig(const nlohmann::json& config);

BlockList<ClipState> MakeClip(const ClipParams& params);

}  // namespace hanga
