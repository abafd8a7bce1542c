// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/group_norm_silu.h"

#include <ATen/ATen.h>

#include "worker/kernels/cuda_context.h"
#include "worker/kernels/group_norm_silu_cuda.h"

namespace hanga::kernels {
namespace {

bool DeviceTakes(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return x.is_cuda() && x.dim() == 4 && HasElementType(x) &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.size(1) <= 1024 &&
         weight.scalar_type() == x.scalar_type() && bias.scalar_type() == x.scalar_type();
}

at::Tensor OnDevice(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                    const at::Tensor& bias, double eps, bool silu) {
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
  if (DeviceTakes(x, weight, bias)) return OnDevice(x, groups, weight, bias, eps, /*silu=*/false);
  return at::group_norm(x, groups, weight, bias, eps);
}

at::Tensor GroupNormSilu(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps) {
  if (DeviceTakes(x, weight, bias)) return OnDevice(x, groups, weight, bias, eps, /*silu=*/true);
  auto normed = at::group_norm(x, groups, weight, bias, eps);
  return at::silu_(normed);
}

}  // namespace hanga::kernels
