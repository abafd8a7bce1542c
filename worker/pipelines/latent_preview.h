// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A picture of latents without decoding them: each latent pixel becomes a color by a linear map.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "absl/status/statusor.h"
#include "worker/models/autoencoder.h"

namespace hanga {

// Image of -1 to 1, [1, 3, H, W] float32 on the CPU -> the autoencoder's moments of it,
// [1, 2C, H / factor, W / factor].
using EncodeMoments = std::function<absl::StatusOr<at::Tensor>(const at::Tensor& image)>;

// Immutable. Thread-safe.
class LatentPreview {
 public:
  // Fits the map by least squares to what the autoencoder makes of a test card: patches of plain
  // color, gradients and fine patterns. Takes one encoding of about 256 x 512 pixels.
  static absl::StatusOr<LatentPreview> Fit(const AutoencoderParams& vae,
                                           const EncodeMoments& encode);

  // [C, h, w] latents as the model sees them -> [h, w, 3] bytes on the CPU.
  at::Tensor Project(const at::Tensor& latents) const;

 private:
  explicit LatentPreview(at::Tensor weights) : weights_(std::move(weights)) {}

  at::Tensor weights_;  // [C + 1, 3], the last row for the constant
};

}  // namespace hanga
