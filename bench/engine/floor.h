// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the device can do at best, measured in the same run as the work that is held against it.
#pragma once

#include <cstdint>

#include "worker/models/flux.h"

namespace hanga::bench {

struct Ceilings {
  double matmul_tflops;        // [tokens, hidden] x [hidden, 7 hidden], bf16
  double attention_tflops;     // cuDNN, the model's heads at this length
  double copy_tbps;            // device to device, bytes read and written
  double host_to_device_gbps;  // pinned
};

struct FluxWork {
  double linear_tflop, attention_tflop;
};

// The arithmetic of one denoising step of one image.
FluxWork WorkOf(const FluxParams& params, int64_t image_tokens, int64_t text_tokens);

Ceilings MeasureCeilings(const FluxParams& params, int64_t tokens);

// Page-locked memory to the device, GB/s.
double MeasureHostToDevice();

// Linear layers at the matmul rate plus attention at its own, milliseconds.
double FloorMilliseconds(const FluxWork& work, const Ceilings& ceilings);

}  // namespace hanga::bench
