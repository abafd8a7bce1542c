// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One network's part of a profile: the weights of its blocks are declared, so their bytes and the
// arithmetic of its matrices follow from the tokens or pixels that pass through them.
#pragma once

#include <c10/core/ScalarType.h>

#include <functional>
#include <string>
#include <vector>

#include "placement/profile.h"
#include "worker/layers/block_list.h"

namespace hanga {

struct ComponentWork {
  std::string name;
  placement::Phase phase = placement::Phase::kDenoiser;
  at::ScalarType type = at::kBFloat16;
  bool fp8 = false;  // weights that may be are kept in 8 bits
  // How many rows (tokens or pixels) a matrix or kernel multiplies; 0 for tables and for weights
  // that take no part in drawing a picture.
  std::function<double(const BlockWeights&, const Slot&)> rows;
  // What the weights do not tell: attention, activations, what crosses the boundary.
  std::function<void(const BlockWeights&, placement::BlockProfile*)> finish;
};

void AppendComponent(const std::vector<BlockWeights*>& blocks, const ComponentWork& work,
                     std::vector<placement::BlockProfile>* profile);

}  // namespace hanga
