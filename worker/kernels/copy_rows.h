// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Rows into a slice of wider ones.
#pragma once

#include <ATen/core/Tensor.h>

namespace hanga::kernels {

// to = from, [B, L, C] both; the rows of either may lie apart. At the device's copy rate, where
// ATen's own strided copy takes twice as long.
void CopyRows(const at::Tensor& from, const at::Tensor& to);

// Two pictures [B, C, H, W] and [B, D, H, W] -> [B, C + D, H, W], in the first one's memory format.
at::Tensor JoinChannels(const at::Tensor& a, const at::Tensor& b);

}  // namespace hanga::kernels
