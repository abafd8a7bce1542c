// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Where each block's shifts, scales and gates lie in a row of FLUX's modulation.
#pragma once

#include "worker/models/flux.h"

namespace hanga {

// A double block has six vectors for the image, then six for the text; a single block three, the
// final layer two: shift, scale and, but for the final layer, gate of each sub-layer.
class FluxModulationOffsets {
 public:
  explicit FluxModulationOffsets(const FluxParams& p) : p_(p) {}

  int64_t DoubleBlock(int64_t i) const { return 12 * p_.hidden * i; }
  int64_t SingleBlock(int64_t i) const { return DoubleBlock(p_.double_blocks) + 3 * p_.hidden * i; }
  int64_t FinalLayer() const { return SingleBlock(p_.single_blocks); }
  int64_t Width() const { return FinalLayer() + 2 * p_.hidden; }

 private:
  const FluxParams& p_;
};

}  // namespace hanga
