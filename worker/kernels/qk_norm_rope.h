// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// From the projections of one or two token streams to the operands of their joint attention: heads
// apart, queries and keys RMS-normalised per head (arXiv:2302.05442) and rotated by their position
// (arXiv:2104.09864).
#pragma once

#include <ATen/core/Tensor.h>

#include "absl/types/span.h"

namespace hanga::kernels {

struct QkvStream {
  at::Tensor qkv;               // [B, L, 3 * H * D]; rows may lie apart
  at::Tensor q_scale, k_scale;  // [D]
};

struct Qkv {
  at::Tensor q, k, v;  // [B, H, L of all streams, D]
};

// Joins the streams in their order along L. `rope` [L of all streams, D / 2, 2] has the cosine and
// sine for each adjacent pair of a head's dimensions, float32. RMS eps 1e-6; both the norm and the
// rotation are done in float32 and rounded once.
Qkv QkNormRope(absl::Span<const QkvStream> streams, const at::Tensor& rope, int64_t heads);

}  // namespace hanga::kernels
