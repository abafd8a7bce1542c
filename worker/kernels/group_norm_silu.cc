// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/group_norm_silu.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/group_norm_silu_cuda.h"

namespace hanga::kernels {
namespace {

bool Aligned(const at::Tensor& tensor) {
  return reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) % 16 == 0;
}

bool TakesVector(const at::Tensor& x, const at::Tensor& vector) {
  return !vector.defined() ||
         (vector.scalar_type() == x.scalar_type() && vector.is_contiguous() && Aligned(vector));
}

bool DeviceTakes(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 int64_t groups, const at::Tensor& x_bias) {
  return x.is_cuda() && x.dim() == 4 && HasElementType(x) &&
         GroupNormSiluTakes(ElementTypeOf(x), x.size(1), groups) &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && Aligned(x) && TakesVector(x, weight) &&
         TakesVector(x, bias) && TakesVector(x, x_bias);
}

at::Tensor OnDevice(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                    const at::Tensor& bias, double eps, bool silu, const at::Tensor& x_bias) {
  const int64_t pixels = x.size(2) * x.size(3);
  auto out = at::empty_like(x);
  const auto workspace =
      at::empty({static_cast<int64_t>(GroupNormSiluWorkspaceBytes(x.size(0), pixels, groups))},
                x.options().dtype(at::kByte).memory_format(at::MemoryFormat::Contiguous));
  GroupNormSiluCuda({.type = ElementTypeOf(x),
                     .batch = x.size(0),
                     .pixels = pixels,
                     .channels = x.size(1),
                     .groups = groups,
                     .x = x.const_data_ptr(),
                     .x_bias = x_bias.defined() ? x_bias.const_data_ptr() : nullptr,
                     .x_bias_stride = x_bias.defined() && x_bias.dim() == 2 ? x.size(1) : 0,
                     .weight = weight.const_data_ptr(),
                     .bias = bias.const_data_ptr(),
                     .epsilon = static_cast<float>(eps),
                     .silu = silu,
                     .out = out.mutable_data_ptr(),
                     .workspace = workspace.mutable_data_ptr()},
                    CurrentCudaStream());
  return out;
}

}  // namespace

at::Tensor GroupNorm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps) {
  if (DeviceTakes(x, weight, bias, groups, {}))
    return OnDevice(x, groups, weight, bias, eps, /*silu=*/false, /*x_bias=*/{});
  return at::group_norm(x, groups, weight, bias, eps);
}

at::Tensor GroupNormSilu(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps, const at::Tensor& x_bias) {
  if (DeviceTakes(x, weight, bias, groups, x_bias))
    return OnDevice(x, groups, weight, bias, eps, /*silu=*/true, x_bias);
  auto normed = at::group_norm(x_bias.defined() ? x + x_bias.unsqueeze(-1).unsqueeze(-1) : x,
                               groups, weight, bias, eps);
  return at::silu_(normed);
}

}  // namespace hanga::kernels
