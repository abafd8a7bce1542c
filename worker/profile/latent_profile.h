// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a model that denoises a grid of latents costs, block by block, from its declaration: Stable
// Diffusion 1, 2, XL and 3. No weights are read.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "placement/profile.h"
#include "worker/models/autoencoder.h"
#include "worker/models/clip.h"
#include "worker/models/sd3.h"
#include "worker/models/t5.h"
#include "worker/models/unet.h"

namespace hanga {

struct LatentArchitecture {
  // One of the two: the component "unet", or "transformer".
  std::optional<UnetParams> unet;
  std::optional<Sd3Params> sd3;
  std::vector<ClipParams> clips;  // text_encoder, text_encoder_2
  size_t first_clip = 1;          // 2: of those there is no text_encoder
  std::optional<T5Params> t5;     // text_encoder_3
  AutoencoderParams vae;
};

// What is drawn.
struct LatentWorkload {
  int width = 1024, height = 1024;  // pixels
  int batch = 2;                    // rows that step together: 2 an image with guidance
  int steps = 28;
  int t5_tokens = 256;
  at::ScalarType type = at::kBFloat16, vae_type = at::kBFloat16;
  uint64_t workspace_bytes = 0;  // of the device's libraries
};

// Components in the order they run: the text encoders, the denoiser, vae. Blocks have the names of
// the models' lists; what crosses a boundary of the UNet includes the skips that are alive there.
placement::ModelProfile ProfileLatent(const std::string& name, const LatentArchitecture& model,
                                      const LatentWorkload& workload);

}  // namespace hanga
