// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Weights made on the device: a step costs the same with them as with real ones.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "worker/layers/block_list.h"
#include "worker/layers/module.h"

namespace hanga::bench {

// Fills every slot with normal values small enough to keep activations finite; vectors, which are
// norms' scales or biases, around one.
void FillRandomly(const std::vector<BlockWeights*>& blocks, at::ScalarType type, at::Device device);

}  // namespace hanga::bench
