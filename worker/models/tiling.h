// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Autoencoding a large image in overlapping tiles, blended linearly where they meet, as diffusers
// does it. Bounds the memory by the tile, at the price of small differences in tone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace hanga {

struct TileOptions {
  int64_t sample_size = 512;  // side of a tile in pixels
  int64_t latent_size = 64;   // side of a tile in latents
  double overlap = 0.25;      // of a tile, 0 <= overlap < 1
};

using TensorFunction = std::function<at::Tensor(const at::Tensor&)>;

// Whole tensors in and out: image [B, 3, H, W] -> moments, latent [B, C, h, w] -> image. `encode`
// and `decode` run one tile.
at::Tensor EncodeTiled(const at::Tensor& image, const TileOptions& options,
                       const TensorFunction& encode);
at::Tensor DecodeTiled(const at::Tensor& latent, const TileOptions& options,
                       const TensorFunction& decode);

}  // namespace hanga
