// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Convolution over pictures.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>

#include "worker/kernels/channel_bias.h"
#include "worker/kernels/linear.h"
#include "worker/layers/module.h"
#include "worker/layers/side_product.h"

namespace hanga {

// A picture [B, C, H, W] as rows of channels, [B, H * W, C]: a view where channels lie last.
inline at::Tensor PixelRows(const at::Tensor& picture) {
  return picture.permute({0, 2, 3, 1}).flatten(1, 2);
}
// The way back, [B, H * W, C] -> [B, C, H, W] with channels last.
inline at::Tensor PictureOf(const at::Tensor& rows, int64_t height, int64_t width) {
  return rows.unflatten(1, {height, width}).permute({0, 3, 1, 2});
}

// A square kernel of odd size that keeps the picture's size but for the stride.
struct Conv2d {
  Conv2d(const Scope& w, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1)
      : stride(stride), padding(kernel / 2) {
    w.DeclareProduct({out, in, kernel, kernel}, &weight, &side);
    w.Declare("bias", {out}, &bias);
  }
  Conv2d(const Conv2d&) = delete;

  // [B, in, H, W] -> [B, out, H / stride, W / stride], plus `residual` where there is one.
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& residual = {}) const {
    return Finish(Start(x, padding), residual);
  }
  // The same on a picture that the caller has padded.
  at::Tensor Unpadded(const at::Tensor& x) const { return Finish(Start(x, 0), {}); }

  // A result and what is still to be added to it. A convolution takes a slow pass of its own for
  // its bias on a GPU, so that the pass that follows had better do it; on a CPU nothing is left.
  struct Unbiased {
    at::Tensor x, bias;
  };
  Unbiased WithoutBias(const at::Tensor& x) const { return Start(x, padding); }

  // A 1x1 kernel's result added to another convolution's: on a GPU one product does it all.
  at::Tensor AddedTo(const Unbiased& other, const at::Tensor& x) const {
    if (!x.is_cuda() || side != nullptr) return Finish(other, (*this)(x));
    const auto sum = other.bias.defined() ? bias + other.bias : bias;
    return PictureOf(kernels::LinearPlus(PixelRows(x), weight.flatten(1), sum, PixelRows(other.x)),
                     x.size(2), x.size(3));
  }

  // What is left of one, with `residual` where there is one.
  static at::Tensor Finish(const Unbiased& y, const at::Tensor& residual) {
    if (y.bias.defined()) {
      kernels::AddChannelBias(y.x, y.bias, residual);
    } else if (residual.defined()) {
      y.x.add_(residual);
    }
    return y.x;
  }

  int64_t stride, padding;
  at::Tensor weight, bias;
  const SideProduct* side = nullptr;  // what adapters add

 private:
  Unbiased Start(const at::Tensor& x, int64_t pad) const {
    const bool later = x.is_cuda();
    const at::Tensor now = later ? at::Tensor() : bias;
    at::Tensor y = at::conv2d(x, weight, now, stride, pad);
    if (side != nullptr) y = side->AddToPicture(x, y, now, stride, pad);
    return {y, later ? bias : at::Tensor()};
  }
};

}  // namespace hanga
