// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Rows in 8 bits (float8_e4m3fn), each with a scale of its own: that of its largest magnitude over
// 448, the largest number of the format.
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/kernels/rows.h"

namespace hanga::kernels {

// x [B, L, C] or [L, C], with C contiguous; C a multiple of 8 on a GPU.
Rows QuantizeRows(const at::Tensor& x);

// The same of left [B, L, C1] and right [B, L, C2] side by side: [B, L, C1 + C2].
Rows QuantizeBeside(const at::Tensor& left, const at::Tensor& right);

// The same of a matrix [N, K] of any type, into `values` [N, K] and `scales` [N], on its device.
void QuantizeMatrix(const at::Tensor& matrix, const at::Tensor& values, const at::Tensor& scales);

// The way back, in `type`. Rows that are not in 8 bits are only cast.
at::Tensor Dequantize(const Rows& rows, at::ScalarType type);

}  // namespace hanga::kernels
