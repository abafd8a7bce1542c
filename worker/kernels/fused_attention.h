// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Attention as one kernel of cuDNN's, with a place for the result: pointers, sizes and a stream.
#pragma once

#include <memory>

#include "worker/kernels/cuda_types.h"

namespace hanga::kernels {

// [batch, heads, rows, dim], dim contiguous, the others any number of elements apart.
struct HeadsAt {
  void* data;
  int64_t batch_stride, head_stride, row_stride;
};

struct FusedAttentionArguments {
  ElementType type;  // float16 or bfloat16; sums are float32
  int64_t batch, heads, queries, keys, dim;
  HeadsAt q, k, v, out;
  float scale;  // of the scores
};

// One per device, used by the thread that owns the device's compute. Not thread-safe.
class FusedAttention {
 public:
  FusedAttention();
  ~FusedAttention();

  // False where the library does not take these arguments, or a shape comes for the first time
  // within a graph's capture: nothing was done.
  bool Run(const FusedAttentionArguments& arguments, CudaStream stream);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hanga::kernels
