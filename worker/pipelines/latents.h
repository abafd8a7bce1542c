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

}  // namespace hanga
