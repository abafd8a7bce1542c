// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/linear.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/quantize_rows.h"

namespace hanga::kernels {
namespace {

// x as a matrix with rows of one stride, without a copy where the strides allow it.
at::Tensor Matrix(const at::Tensor& x) {
  if (x.dim() == 2 && x.stride(1) == 1) return x;
  if (x.dim() == 3 && x.stride(2) == 1 &&
      (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1))) {
    return x.as_strided({x.size(0) * x.size(1), x.size(2)}, {x.stride(1), 1});
  }
  return x.reshape({-1, x.size(-1)});
}

const float* ScalesOf(const Rows& rows) {
  return rows.in_fp8() ? rows.scales.const_data_ptr<float>() : nullptr;
}

bool RunOnDevice(const Rows& x, const Rows& weight, const at::Tensor& bias, Activation activation,
                 const at::Tensor& out, const at::Tensor& residual = {}) {
  if (!out.is_cuda() || !HasElementType(out)) return false;
  if (weight.values.scalar_type() != x.values.scalar_type()) return false;
  if (!x.in_fp8() && x.values.scalar_type() != out.scalar_type()) return false;
  const auto rows = Matrix(x.values), out_rows = Matrix(out);
  if (out_rows.data_ptr() != out.data_ptr()) return false;  // not rows of one stride
  const int64_t n = weight.values.size(0), k = weight.values.size(1);
  const auto added = residual.defined() ? Matrix(residual) : at::Tensor();
  return DeviceMatmul().Run(
      {.type = ElementTypeOf(out),
       .m = rows.size(0),
       .n = n,
       .k = k,
       .x = rows.const_data_ptr(),
       .x_stride = rows.size(0) > 1 ? rows.stride(0) : k,
       .weight = weight.values.const_data_ptr(),
       .bias = bias.defined() ? bias.const_data_ptr() : nullptr,
       .out = out_rows.mutable_data_ptr(),
       .out_stride = rows.size(0) > 1 ? out_rows.stride(0) : n,
       .gelu = activation == Activation::kGeluTanh,
       .x_scales = ScalesOf(x),
       .weight_scales = ScalesOf(weight),
       .residual = added.defined() ? added.const_data_ptr() : nullptr,
       .residual_stride = added.defined() && rows.size(0) > 1 ? added.stride(0) : n},
      CurrentCudaStream());
}

// Operands in 8 bits are widened first, exactly but for the type's own rounding.
at::Tensor RunByAten(const Rows& x, const Rows& weight, const at::Tensor& bias,
                     Activation activation) {
  const auto type = bias.defined() ? bias.scalar_type() : x.values.scalar_type();
  const auto out = weight.in_fp8() ? at::linear(Dequantize(x, type), Dequantize(weight, type), bias)
                                   : at::linear(x.values, weight.values, bias);
  return activation == Activation::kGeluTanh ? at::gelu_(const_cast<at::Tensor&>(out), "tanh")
                                             : out;
}

// x as a product with this weight takes it.
Rows For(const Rows& weight, const Rows& x) {
  TORCH_CHECK(weight.in_fp8() || !x.in_fp8(), "Linear: rows in 8 bits for a weight that is not");
  return weight.in_fp8() && !x.in_fp8() ? QuantizeRows(x.values) : x;
}

// One batch element. Its scales begin where the library takes them, at a multiple of 16 bytes.
Rows Part(const Rows& x, int64_t b) {
  if (!x.in_fp8()) return x.values[b];
  const auto scales = x.scales[b];
  const bool aligned = reinterpret_cast<uintptr_t>(scales.const_data_ptr()) % 16 == 0;
  return {x.values[b], aligned ? scales : scales.clone()};
}

}  // namespace

at::Tensor Linear(const Rows& x, const Rows& weight, const at::Tensor& bias,
                  Activation activation) {
  const Rows rows = For(weight, x);
  if (!x.values.is_cuda()) return RunByAten(rows, weight, bias, activation);
  auto shape = x.values.sizes().vec();
  shape.back() = weight.values.size(0);
  const auto type = weight.in_fp8() ? bias.scalar_type() : x.values.scalar_type();
  auto out = at::empty(shape, x.values.options().dtype(type));
  if (RunOnDevice(rows, weight, bias, activation, out)) return out;
  return RunByAten(rows, weight, bias, activation);
}

at::Tensor LinearPlus(const Rows& x, const Rows& weight, const at::Tensor& bias,
                      const at::Tensor& residual) {
  const Rows rows = For(weight, x);
  if (residual.is_cuda() && !weight.in_fp8() && residual.scalar_type() == x.values.scalar_type()) {
    auto out = at::empty(residual.sizes(), residual.options());
    if (RunOnDevice(rows, weight, bias, Activation::kNone, out, residual)) return out;
  }
  return residual + Linear(rows, weight, bias);
}

void LinearInto(const Rows& x, const Rows& weight, const at::Tensor& bias, Activation activation,
                const at::Tensor& out) {
  const Rows rows = For(weight, x);
  if (out.is_cuda() && out.dim() == 3 && out.size(0) > 1 &&
      out.stride(0) != out.size(1) * out.stride(1)) {
    // Rows of one stride within a batch element only: one product each.
    for (int64_t b = 0; b < out.size(0); ++b) {
      LinearInto(Part(rows, b), weight, bias, activation, out[b]);
    }
    return;
  }
  if (RunOnDevice(rows, weight, bias, activation, out)) return;
  out.copy_(RunByAten(rows, weight, bias, activation));
}

}  // namespace hanga::kernels
