// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/qk_norm_rope.h"

#include <ATen/ATen.h>

#include <vector>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/qk_norm_rope_cuda.h"

namespace hanga::kernels {
namespace {

constexpr double kEpsilon = 1e-6;

// x [B, L, H, D], rope complex [L, 1, D / 2] -> [B, L, H, D]. A pair of dimensions turns as one
// complex number.
at::Tensor NormRotate(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& rope) {
  const auto normed = at::rms_norm(x.to(at::kFloat), {x.size(-1)}, scale.to(at::kFloat), kEpsilon);
  const auto pairs = at::view_as_complex(normed.unflatten(-1, {-1, 2}));
  return at::view_as_real(pairs * rope).flatten(-2).to(x.scalar_type());
}

at::Tensor Join(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts[0] : at::cat(parts, 1);
}

Qkv OnHost(const at::Tensor& qkv, absl::Span<const QkNormRows> parts, const at::Tensor& rope,
           int64_t heads) {
  const auto turns = at::view_as_complex(rope).unsqueeze(1);
  const auto planes = qkv.unflatten(-1, {3, heads, -1}).unbind(2);  // [B, L, H, D] each
  std::vector<at::Tensor> q, k;
  int64_t begin = 0;
  for (const QkNormRows& part : parts) {
    const auto here = turns.narrow(0, begin, part.rows);
    q.push_back(NormRotate(planes[0].narrow(1, begin, part.rows), part.q_scale, here));
    k.push_back(NormRotate(planes[1].narrow(1, begin, part.rows), part.k_scale, here));
    begin += part.rows;
  }
  return {Join(q).transpose(1, 2), Join(k).transpose(1, 2), planes[2].transpose(1, 2)};
}

Qkv OnDevice(const at::Tensor& qkv, absl::Span<const QkNormRows> parts, const at::Tensor& rope,
             int64_t heads) {
  const int64_t head_dim = qkv.size(-1) / (3 * heads);
  const auto element_bytes = static_cast<int64_t>(qkv.element_size());
  int64_t begin = 0;
  for (const QkNormRows& part : parts) {
    QkNormRopeInPlaceCuda(
        {.type = ElementTypeOf(qkv),
         .batch = qkv.size(0),
         .rows = part.rows,
         .heads = heads,
         .head_dim = head_dim,
         .qkv = static_cast<char*>(qkv.mutable_data_ptr()) + begin * qkv.stride(1) * element_bytes,
         .batch_stride = qkv.stride(0),
         .row_stride = qkv.stride(1),
         .q_scale = part.q_scale.const_data_ptr(),
         .k_scale = part.k_scale.const_data_ptr(),
         .epsilon = static_cast<float>(kEpsilon),
         .rope = rope.const_data_ptr<float>() + begin * head_dim},
        CurrentCudaStream());
    begin += part.rows;
  }
  const auto planes = qkv.unflatten(-1, {3, heads, -1}).unbind(2);
  return {planes[0].transpose(1, 2), planes[1].transpose(1, 2), planes[2].transpose(1, 2)};
}

// What the kernel is compiled for; anything else takes ATen's way.
bool DeviceTakes(const at::Tensor& qkv, absl::Span<const QkNormRows> parts, const at::Tensor& rope,
                 int64_t heads) {
  if (!qkv.is_cuda() || !HasElementType(qkv) || qkv.stride(-1) != 1) return false;
  if (!rope.is_contiguous() || rope.scalar_type() != at::kFloat) return false;
  for (const QkNormRows& part : parts) {
    if (part.q_scale.scalar_type() != qkv.scalar_type()) return false;
    if (part.k_scale.scalar_type() != qkv.scalar_type()) return false;
  }
  return QkNormRopeTakes(qkv.size(-1) / (3 * heads), qkv.stride(0), qkv.stride(1));
}

}  // namespace

Qkv QkNormRope(const at::Tensor& qkv, absl::Span<const QkNormRows> parts, const at::Tensor& rope,
               int64_t heads) {
  int64_t rows = 0;
  for (const QkNormRows& part : parts) rows += part.rows;
  TORCH_CHECK(rows == qkv.size(1) && rows == rope.size(0), "QkNormRope: ", rows, " rows of norms, ",
              qkv.size(1), " of projections, ", rope.size(0), " of rotations");
  return DeviceTakes(qkv, parts, rope, heads) ? OnDevice(qkv, parts, rope, heads)
                                              : OnHost(qkv, parts, rope, heads);
}

}  // namespace hanga::kernels
