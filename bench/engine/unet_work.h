// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The arithmetic of one evaluation of a UNet, counted from its parameters.
#pragma once

#include <cstdint>

#include "worker/models/unet.h"

namespace hanga::bench {

struct UnetWork {
  double product_tflop;    // convolutions and linear layers
  double attention_tflop;  // scores and what they weigh
};

// Of one picture of latents, height x width, with a text of `text_tokens`.
UnetWork WorkOf(const UnetParams& params, int64_t height, int64_t width, int64_t text_tokens);

}  // namespace hanga::bench
