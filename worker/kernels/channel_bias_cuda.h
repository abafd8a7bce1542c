// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of channel_bias.h: pointers, sizes and a stream.
#pragma once

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

struct ChannelBiasArguments {
  ElementType type;
  int64_t batch, pixels, channels;  // channels last: x is [batch, pixels, channels]
  void* x;                          // the sum goes here
  const void* bias;                 // [channels]
  const void* residual;             // [batch, pixels, channels]; null: none
};

// Pointers are aligned to 16 bytes; at most 1024 channels.
// Whether the kernel is made for so many channels.
bool AddChannelBiasTakes(ElementType type, int64_t channels);

void AddChannelBiasCuda(const ChannelBiasArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
