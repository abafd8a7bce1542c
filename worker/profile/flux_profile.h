// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a FLUX.1 model costs, block by block, from its declaration: no weights are read.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

#include "placement/profile.h"
#include "worker/models/autoencoder.h"
#include "worker/models/clip.h"
#include "worker/models/flux.h"
#include "worker/models/t5.h"

namespace hanga {

struct FluxArchitecture {
  FluxParams flux;
  ClipParams clip;
  T5Params t5;
  AutoencoderParams vae;
};

// What is drawn; the type is that of weights and activations.
struct Workload {
  int width = 1024, height = 1024;  // pixels
  int batch = 1;                    // images that step together; 2 with true CFG
  int steps = 28;
  int text_tokens = 512;
  at::ScalarType type = at::kBFloat16;
  bool fp8_weights = false;      // the denoiser's, as far as they may be
  uint64_t workspace_bytes = 0;  // of the device's libraries
};

// Components in the order they run: text_encoder, text_encoder_2, conditioning (once a schedule),
// transformer, vae. Blocks have the names of the models' lists, and are as large as their slabs.
placement::ModelProfile ProfileFlux(const std::string& name, const FluxArchitecture& model,
                                    const Workload& workload);

}  // namespace hanga
