// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// From the projections of a joint sequence to the operands of its attention: heads apart, queries
// and keys RMS-normalised per head (arXiv:2302.05442) and rotated by their position
// (arXiv:2104.09864).
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"

namespace hanga::kernels {

// Consecutive rows of the sequence with norms of their own.
struct QkNormRows {
  int64_t rows;
  at::Tensor q_scale, k_scale;  // [D]
};

struct Qkv {
  at::Tensor q, k, v;  // [B, H, L, D]
};

// qkv [B, L, 3 * H * D]; it is used up: the result may lie in it. The parts together have L rows.
// `rope` [L, D / 2, 2] has the cosine and sine for each adjacent pair of a head's dimensions,
// float32. RMS eps 1e-6; the norm and the rotation are done in float32 and rounded once.
Qkv QkNormRope(const at::Tensor& qkv, absl::Span<const QkNormRows> parts, const at::Tensor& rope,
               int64_t heads);

}  // namespace hanga::kernels
