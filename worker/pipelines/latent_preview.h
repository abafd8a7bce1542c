// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A picture of latents without decoding them: each latent pixel becomes a color by a linear map.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "absl/status/statusor.h"

namespace hanga {

// Image of -1 to 1, [1, 3, H, W] float32 on the CPU -> latents as the model sees them,
// [1, C, H / factor, W / factor].
using EncodeImage = std::function<absl::StatusOr<at::Tensor>(const at::Tensor& image)>;

// Immutable. Thread-safe.
class LatentPreview {
 public:
  // Fits the map by least squares to what the autoencoder makes of a test card: patches of plain
  // color, gradients and fine patterns. Takes one encoding of about 256 x 512 pixels.
  static absl::StatusOr<LatentPreview> Fit(int64_t factor, const EncodeImage& encode);

  // [C, h, w] latents -> [h, w, 3] bytes on the CPU.
  at::Tensor Project(const at::Tensor& latents) const;

 private:
  explicit LatentPreview(at::Tensor weights) : weights_(std::move(weights)) {}

  at::Tensor weights_;  // [C + 1, 3], the last row for the constant
};

}  // namespace hanga
