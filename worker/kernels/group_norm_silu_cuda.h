// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// CUDA side of group_norm_silu.h: pointers, sizes and a stream.
#pragma once

#include <cstddef>

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

struct GroupNormSiluArguments {
  ElementType type;
  int64_t batch, pixels, channels, groups;  // channels last: x is [batch, pixels, channels]
  const void* x;
  const void* x_bias;     // [channels], added to x first; null: none
  int64_t x_bias_stride;  // elements from picture to picture; 0: one for all
  const void* weight;     // [channels]
  const void* bias;       // [channels]
  float epsilon;
  bool silu;
  void* out;        // [batch, pixels, channels]; may be x itself
  void* workspace;  // GroupNormSiluWorkspaceBytes, aligned to 16 bytes
};

// Whether the kernels are made for so many channels in so many groups.
bool GroupNormSiluTakes(ElementType type, int64_t channels, int64_t groups);

size_t GroupNormSiluWorkspaceBytes(int64_t batch, int64_t pixels, int64_t groups);

void GroupNormSiluCuda(const GroupNormSiluArguments& arguments, CudaStream stream);

}  // namespace hanga::kernels
