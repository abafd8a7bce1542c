// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/linear.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"

namespace hanga::kernels {
namespace {

// x as rows of one stride, without a copy where the strides allow it.
at::Tensor Rows(const at::Tensor& x) {
  if (x.dim() == 2 && x.stride(1) == 1) return x;
  if (x.dim() == 3 && x.stride(2) == 1 &&
      (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1))) {
    return x.as_strided({x.size(0) * x.size(1), x.size(2)}, {x.stride(1), 1});
  }
  return x.reshape({-1, x.size(-1)});
}

bool RunOnDevice(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 Activation activation, const at::Tensor& out) {
  if (!x.is_cuda() || !HasElementType(x) || weight.scalar_type() != x.scalar_type()) return false;
  const auto rows = Rows(x), out_rows = Rows(out);
  if (out_rows.data_ptr() != out.data_ptr()) return false;  // not rows of one stride
  return DeviceMatmul().Run({.type = ElementTypeOf(x),
                             .m = rows.size(0),
                             .n = weight.size(0),
                             .k = weight.size(1),
                             .x = rows.const_data_ptr(),
                             .x_stride = rows.size(0) > 1 ? rows.stride(0) : weight.size(1),
                             .weight = weight.const_data_ptr(),
                             .bias = bias.defined() ? bias.const_data_ptr() : nullptr,
                             .out = out_rows.mutable_data_ptr(),
                             .out_stride = rows.size(0) > 1 ? out_rows.stride(0) : weight.size(0),
                             .gelu = activation == Activation::kGeluTanh},
                            CurrentCudaStream());
}

at::Tensor RunByAten(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     Activation activation) {
  auto out = at::linear(x, weight, bias);
  return activation == Activation::kGeluTanh ? at::gelu_(out, "tanh") : out;
}

}  // namespace

at::Tensor Linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  Activation activation) {
  if (!x.is_cuda()) return RunByAten(x, weight, bias, activation);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  auto out = at::empty(shape, x.options());
  if (RunOnDevice(x, weight, bias, activation, out)) return out;
  return RunByAten(x, weight, bias, activation);
}

void LinearInto(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                Activation activation, const at::Tensor& out) {
  if (x.is_cuda() && out.dim() == 3 && out.size(0) > 1 &&
      out.stride(0) != out.size(1) * out.stride(1)) {
    // Rows of one stride within a batch element only: one product each.
    for (int64_t b = 0; b < out.size(0); ++b) {
      LinearInto(x[b], weight, bias, activation, out[b]);
    }
    return;
  }
  if (RunOnDevice(x, weight, bias, activation, out)) return;
  const auto y = at::linear(x, weight, bias);
  if (activation == Activation::kGeluTanh) {
    at::gelu_out(const_cast<at::Tensor&>(out), y, "tanh");
  } else {
    out.copy_(y);
  }
}

}  // namespace hanga::kernels
