// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/quantize_rows.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/quantize_rows_cuda.h"

namespace hanga::kernels {
namespace {

constexpr double kLargestFp8 = 448;

void QuantizeByAten(const at::Tensor& x, const at::Tensor& values, const at::Tensor& scales) {
  const auto floats = x.to(at::kFloat);
  scales.copy_(floats.abs().amax(-1).clamp_min(1e-12) / kLargestFp8);
  values.copy_((floats * scales.reciprocal().unsqueeze(-1)).clamp(-kLargestFp8, kLargestFp8));
}

// x as [B, L, C].
at::Tensor Batched(const at::Tensor& x) { return x.dim() == 2 ? x.unsqueeze(0) : x; }

// False, and nothing done, where the kernel does not take the tensors.
bool QuantizeOnDevice(const at::Tensor& left, const at::Tensor& right, const Rows& out) {
  if (!left.is_cuda() || !HasElementType(left) || left.stride(-1) != 1) return false;
  QuantizeRowsArguments a{.type = ElementTypeOf(left),
                          .batch = left.size(0),
                          .rows = left.size(1),
                          .left = left.const_data_ptr(),
                          .left_channels = left.size(2),
                          .left_batch_stride = left.size(0) > 1 ? left.stride(0) : 0,
                          .left_row_stride = left.size(1) > 1 ? left.stride(1) : 0,
                          .right = nullptr,
                          .right_channels = 0,
                          .right_batch_stride = 0,
                          .right_row_stride = 0,
                          .values = out.values.mutable_data_ptr(),
                          .scales = out.scales.mutable_data_ptr<float>()};
  if (right.defined()) {
    if (right.scalar_type() != left.scalar_type() || right.stride(-1) != 1) return false;
    a.right = right.const_data_ptr();
    a.right_channels = right.size(2);
    a.right_batch_stride = right.size(0) > 1 ? right.stride(0) : 0;
    a.right_row_stride = right.size(1) > 1 ? right.stride(1) : 0;
  }
  if (!QuantizeRowsTakes(a)) return false;
  QuantizeRowsCuda(a, CurrentCudaStream());
  return true;
}

Rows Quantize(const at::Tensor& left, const at::Tensor& right) {
  auto shape = left.sizes().vec();
  if (right.defined()) shape.back() += right.size(-1);
  Rows out(at::empty(shape, left.options().dtype(at::kFloat8_e4m3fn)),
           at::empty(left.sizes().slice(0, left.dim() - 1), left.options().dtype(at::kFloat)));
  if (QuantizeOnDevice(Batched(left), right, out)) return out;
  QuantizeByAten(right.defined() ? at::cat({left, right}, -1) : left, out.values, out.scales);
  return out;
}

}  // namespace

Rows QuantizeRows(const at::Tensor& x) { return Quantize(x, {}); }

Rows QuantizeBeside(const at::Tensor& left, const at::Tensor& right) {
  return Quantize(left, right);
}

void QuantizeMatrix(const at::Tensor& matrix, const at::Tensor& values, const at::Tensor& scales) {
  if (QuantizeOnDevice(Batched(matrix), {}, {values, scales})) return;
  QuantizeByAten(matrix, values, scales);
}

at::Tensor Dequantize(const Rows& rows, at::ScalarType type) {
  if (!rows.in_fp8()) return rows.values.to(type);
  return (rows.values.to(at::kFloat) * rows.scales.unsqueeze(-1)).to(type);
}

}  // namespace hanga::kernels
