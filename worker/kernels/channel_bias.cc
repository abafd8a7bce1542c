// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/channel_bias.h"

#include <ATen/ATen.h>

#include "worker/kernels/channel_bias_cuda.h"
#include "worker/kernels/cuda_context.h"

namespace hanga::kernels {
namespace {

bool Takes(const at::Tensor& x, const at::Tensor& picture) {
  return picture.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         picture.scalar_type() == x.scalar_type() && picture.sizes() == x.sizes() &&
         reinterpret_cast<uintptr_t>(picture.const_data_ptr()) % 16 == 0;
}

bool DeviceTakes(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual) {
  return x.is_cuda() && x.dim() == 4 && HasElementType(x) &&
         AddChannelBiasTakes(ElementTypeOf(x), x.size(1)) && Takes(x, x) &&
         (!residual.defined() || Takes(x, residual)) && bias.scalar_type() == x.scalar_type() &&
         reinterpret_cast<uintptr_t>(bias.const_data_ptr()) % 16 == 0;
}

}  // namespace

void AddChannelBias(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual) {
  if (DeviceTakes(x, bias, residual)) {
    AddChannelBiasCuda({.type = ElementTypeOf(x),
                        .batch = x.size(0),
                        .pixels = x.size(2) * x.size(3),
                        .channels = x.size(1),
                        .x = x.mutable_data_ptr(),
                        .bias = bias.const_data_ptr(),
                        .residual = residual.defined() ? residual.const_data_ptr() : nullptr},
                       CurrentCudaStream());
    return;
  }
  x.add_(bias.view({-1, 1, 1}));
  if (residual.defined()) x.add_(residual);
}

}  // namespace hanga::kernels
