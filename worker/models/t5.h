// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The encoder of T5 v1.1 (arXiv:1910.10683): relative position bias shared by all blocks, gated
// GELU. Keys are those of transformers.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>

#include "absl/status/statusor.h"
#include "worker/layers/block_list.h"

namespace hanga {

// The defaults are T5-XXL.
struct T5Params {
  int64_t vocabulary = 32128;
  int64_t hidden = 4096;
  int64_t intermediate = 10240;
  int64_t heads = 64;
  int64_t head_dim = 64;
  int64_t layers = 24;
  int64_t buckets = 32;        // of relative positions
  int64_t max_distance = 128;  // beyond it all positions share the last bucket
  double norm_eps = 1e-6;
};

// Blocks are "shared" (the embedding), "encoder.block.N" and "encoder.final_layer_norm".
struct T5State {
  at::Tensor ids;   // [B, L] int64
  at::Tensor mask;  // [B, L] int64, 1 where a token counts; undefined: all count
  at::Tensor x;     // [B, L, hidden]
  at::Tensor bias;  // [1 or B, heads, L, L], of x's type; made by the first block for all

  template <typename Visit>
  void ForEachTensor(Visit&& visit) {
    for (at::Tensor* t : {&ids, &mask, &x, &bias}) visit(*t);
  }
};

// Reads a text_encoder_2/config.json. INVALID_ARGUMENT names the field that is wrong.
absl::StatusOr<T5Params> ParseT5Config(const nlohmann::json& config);

BlockList<T5State> MakeT5Encoder(const T5Params& params);

}  // namespace hanga
