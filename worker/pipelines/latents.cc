// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latents.h"

#include <ATen/ATen.h>

namespace hanga {

at::Tensor PackLatents(const at::Tensor& grid) {
  const int64_t batch = grid.size(0), channels = grid.size(1);
  const int64_t rows = grid.size(2) / 2, columns = grid.size(3) / 2;
  return grid.view({batch, channels, rows, 2, columns, 2})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({batch, rows * columns, channels * 4});
}

at::Tensor UnpackLatents(const at::Tensor& tokens, int64_t rows, int64_t columns) {
  const int64_t batch = tokens.size(0), channels = tokens.size(2) / 4;
  return tokens.view({batch, rows, columns, channels, 2, 2})
      .permute({0, 3, 1, 4, 2, 5})
      .reshape({batch, channels, rows * 2, columns * 2});
}

at::Tensor ImagePositions(int64_t rows, int64_t columns, at::Device device) {
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  at::Tensor positions = at::zeros({rows, columns, 3}, options);
  positions.select(2, 1).add_(at::arange(rows, options).unsqueeze(1));
  positions.select(2, 2).add_(at::arange(columns, options).unsqueeze(0));
  return positions.view({rows * columns, 3});
}

}  // namespace hanga
