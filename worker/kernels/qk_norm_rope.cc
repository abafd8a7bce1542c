// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/qk_norm_rope.h"

#include <ATen/ATen.h>

#include <vector>

namespace hanga::kernels {
namespace {

// x [B, L, H, D], rope complex [L, 1, D / 2] -> [B, L, H, D]. A pair of dimensions turns as one
// complex number.
at::Tensor NormRotate(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& rope) {
  const auto normed = at::rms_norm(x.to(at::kFloat), {x.size(-1)}, scale.to(at::kFloat), 1e-6);
  const auto pairs = at::view_as_complex(normed.unflatten(-1, {-1, 2}));
  return at::view_as_real(pairs * rope).flatten(-2).to(x.scalar_type());
}

at::Tensor Join(const std::vector<at::Tensor>& parts) {
  return (parts.size() == 1 ? parts[0] : at::cat(parts, 1)).transpose(1, 2);
}

}  // namespace

Qkv QkNormRope(absl::Span<const QkvStream> streams, const at::Tensor& rope, int64_t heads) {
  const auto turns = at::view_as_complex(rope).unsqueeze(1);
  std::vector<at::Tensor> q, k, v;
  int64_t begin = 0;
  for (const QkvStream& stream : streams) {
    const auto parts = stream.qkv.unflatten(-1, {3, heads, -1}).unbind(2);  // [B, L, H, D] each
    const auto here = turns.narrow(0, begin, stream.qkv.size(1));
    q.push_back(NormRotate(parts[0], stream.q_scale, here));
    k.push_back(NormRotate(parts[1], stream.k_scale, here));
    v.push_back(parts[2]);
    begin += stream.qkv.size(1);
  }
  TORCH_CHECK(begin == rope.size(0), "rope has ", rope.size(0), " rows for ", begin, " tokens");
  return {Join(q), Join(k), Join(v)};
}

}  // namespace hanga::kernels
