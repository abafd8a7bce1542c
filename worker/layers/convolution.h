// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Convolution over pictures.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>

#include "worker/layers/module.h"

namespace hanga {

// A square kernel of odd size that keeps the picture's size but for the stride.
struct Conv2d {
  Conv2d(const Scope& w, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1)
      : stride(stride), padding(kernel / 2) {
    w.Declare("weight", {out, in, kernel, kernel}, &weight);
    w.Declare("bias", {out}, &bias);
  }
  Conv2d(const Conv2d&) = delete;

  // [B, in, H, W] -> [B, out, H / stride, W / stride]
  at::Tensor operator()(const at::Tensor& x) const {
    return at::conv2d(x, weight, bias, stride, padding);
  }
  // The same on a picture that the caller has padded.
  at::Tensor Unpadded(const at::Tensor& x) const { return at::conv2d(x, weight, bias, stride); }

  int64_t stride, padding;
  at::Tensor weight, bias;
};

}  // namespace hanga
