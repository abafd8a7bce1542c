// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "bench/engine/random_weights.h"

#include <ATen/ATen.h>

namespace hanga::bench {

void FillRandomly(const std::vector<BlockWeights*>& blocks, at::ScalarType type,
                  at::Device device) {
  for (BlockWeights* block : blocks) {
    for (Slot& slot : block->slots) {
      auto weight = at::empty(slot.shape, at::device(device).dtype(type));
      const bool matrix = slot.shape.size() > 1;
      weight.normal_(matrix ? 0.0 : 1.0, 0.02);
      if (slot.shape.size() == 4) weight = weight.contiguous(at::MemoryFormat::ChannelsLast);
      *slot.tensor = weight;
    }
  }
}

}  // namespace hanga::bench
