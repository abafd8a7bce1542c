// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What an AutoencoderKL costs when it decodes one picture.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <vector>

#include "placement/profile.h"
#include "worker/models/autoencoder.h"

namespace hanga {

struct DecodeWork {
  int64_t width = 1024, height = 1024;  // pixels of the picture, or of a tile
  at::ScalarType type = at::kBFloat16;
};

// The component "vae": its decoder, and its encoder with no work, as drawing from text needs only
// its weights.
void AppendAutoencoder(const AutoencoderParams& params, const DecodeWork& work,
                       std::vector<placement::BlockProfile>* blocks);

}  // namespace hanga
