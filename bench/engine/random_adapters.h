// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Adapters (LoRA) of several jobs for a UNet, with random weights: a step costs the same with them
// as with real ones.
#pragma once

#include <memory>
#include <vector>

#include "worker/lora/adapter_binding.h"
#include "worker/models/unet.h"

namespace hanga::bench {

class RandomAdapters {
 public:
  // `count` adapters of `rank` that change every product of the transformers, as most files do.
  RandomAdapters(const BlockList<UnetState>& blocks, int64_t count, int64_t rank);

  // Row i has adapter i modulo their count, for as long as the result lives.
  AdapterBinding::Bound Bind(int64_t rows);

 private:
  TensorSource no_weights_;
  std::vector<AdapterSet> sets_;
  std::unique_ptr<AdapterBinding> binding_;
};

}  // namespace hanga::bench
