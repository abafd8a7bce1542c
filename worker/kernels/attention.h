// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Scaled dot-product attention.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace hanga::kernels {

struct AttentionOptions {
  at::Tensor bias;              // added to the scores, broadcast to [B, H, Lq, Lk]; of q's type
  bool causal = false;          // a token attends to itself and to those before it
  std::optional<double> scale;  // of the scores; 1 / sqrt(D) when unset
};

// q [B, H, Lq, D], k and v [B, H, Lk, D], with any strides as long as D is contiguous
// -> [B, Lq, H * D].
at::Tensor Attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options = {});

// The same without options into `out` [B, Lq, H * D], whose rows may lie apart: a slice of a larger
// tensor.
void AttentionInto(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const at::Tensor& out);

}  // namespace hanga::kernels
