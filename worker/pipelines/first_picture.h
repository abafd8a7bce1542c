// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The picture that a generation begins with, as tensors, and what a mask keeps of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// A picture to begin with, the share of the schedule that is walked from there, and what of it is
// repainted.
struct FirstPicture {
  at::Tensor bytes;     // [height, width, 3], as large as the picture to draw
  double strength = 1;  // above 0, up to 1
  at::Tensor mask;    // [height, width] 0 to 255, 255 where it is repainted; undefined: everywhere
  bool soft = false;  // what lies between is mixed; else it is rounded
};

// The request's, if it has one; its sizes have been checked.
absl::StatusOr<std::optional<FirstPicture>> FirstPictureOf(const GenerationRequest& request);

// [1, 1, height, width] of 0 to 1, 1 where it is repainted. `mask`: as FirstPicture has it.
at::Tensor RepaintedOf(const FirstPicture& first);

// What a repainted picture keeps of the first one, in the shape of the latents (or to be broadcast
// to it), float32 on the device.
struct LatentMask {
  at::Tensor keep;     // 0 where it is repainted, 1 where the first picture stays
  at::Tensor picture;  // latents of the first picture
  at::Tensor noise;    // that its latents get at every level
  at::Tensor beside;   // [1, 1 + C, h, w] mask and masked picture that a 9-channel model is shown

  // The latents after a step of `sampler`, with what stays put back as noisy as the next step
  // expects it.
  at::Tensor PutBack(const Sampler& sampler, const at::Tensor& moved) const;
};

}  // namespace hanga
