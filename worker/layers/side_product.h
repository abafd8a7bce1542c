// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What adapters (worker/lora) add to a layer's product while a batch runs, beside its weight.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hanga {

// A batch's rows may each have other adapters, or none. Thread-compatible.
class SideProduct {
 public:
  virtual ~SideProduct() = default;

  // x [B, in] or [B, L, in]; y [..., n]: outputs [first, first + n) of the layer, `bias` of them
  // included where it is defined. Changes y, and returns it.
  virtual at::Tensor AddToRows(const at::Tensor& x, at::Tensor y, const at::Tensor& bias,
                               int64_t first) const = 0;

  // x [B, in, H, W]; y [B, out, H', W'] of a convolution with this stride and padding.
  virtual at::Tensor AddToPicture(const at::Tensor& x, at::Tensor y, const at::Tensor& bias,
                                  int64_t stride, int64_t padding) const = 0;
};

}  // namespace hanga
