// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A generation as bytes, to go on elsewhere: docs/formats/checkpoint.md.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hanga {

struct SavedGeneration {
  std::string identity;             // 32 bytes that tell request and model
  int64_t step = 0;                 // of the sampler
  at::Tensor latents;               // float32
  std::vector<at::Tensor> history;  // the sampler's, float32
  std::string noise;                // the noise generator's state
};

std::string EncodeSaved(const SavedGeneration& saved);

// Tensors are on the CPU. INVALID_ARGUMENT: the bytes are not whole, not a checkpoint, or of a
// version that is not known. Allocates no more than the bytes hold.
absl::StatusOr<SavedGeneration> DecodeSaved(std::string_view bytes);

}  // namespace hanga
