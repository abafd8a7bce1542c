// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// FLUX's latents: a grid of 2x2 patches, one token each.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hanga {

// [B, C, 2h, 2w] -> [B, h * w, 4C]: row by row; in a token channels first, then rows and columns.
at::Tensor PackLatents(const at::Tensor& grid);
// The way back.
at::Tensor UnpackLatents(const at::Tensor& tokens, int64_t rows, int64_t columns);

// [rows * columns, 3] positions (0, row, column), float32.
at::Tensor ImagePositions(int64_t rows, int64_t columns, at::Device device);

// Pixels of -1 to 1, [3, H, W] of any type and device -> [H, W, 3] bytes on the CPU: clamped, then
// rounded to the nearest, halves to even.
at::Tensor ToBytes(const at::Tensor& pixels);
// [H, W, 3] bytes -> [1, 3, H, W] pixels of -1 to 1, float32 on the CPU.
at::Tensor FromBytes(const at::Tensor& bytes);

}  // namespace hanga
