// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Generations that begin at a picture rather than at noise. Free of Torch and of protobuf.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

struct PicturedRequest {
  GenerationRequest request;
  Image init_image;           // as large as the picture to draw
  double strength = 0.75;     // how far to leave it, above 0, up to 1
  std::optional<Image> mask;  // white is repainted, black is kept; as large as init_image
  int mask_blur = 0;          // standard deviation of the mask's edge in pixels, 0 to 256
};

// As Pipeline::Prepare. The generation cannot be saved: a checkpoint holds no picture.
// FAILED_PRECONDITION: the model begins at noise alone. INVALID_ARGUMENT names the field.
absl::StatusOr<std::unique_ptr<Generation>> PrepareAtPicture(Pipeline& pipeline,
                                                             const PicturedRequest& pictured);

}  // namespace hanga
