// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A block's weights packed into one aligned run of bytes, so that a block moves as one copy.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <vector>

#include "worker/layers/block_list.h"

namespace hanga {

// Every weight begins where an allocation of its own would: math libraries choose their paths by
// alignment, and the same weights must give the same bits wherever they lie.
inline constexpr uint64_t kSlabAlignment = 256;

// What a slab takes of a device: its allocator gives out large ones in pieces of 2 MiB, and a slab
// that takes whole pieces leaves none that is too small for anything.
constexpr uint64_t DeviceBytes(uint64_t slab_bytes) {
  constexpr uint64_t kLarge = uint64_t{10} << 20, kPiece = uint64_t{2} << 20;
  return slab_bytes < kLarge ? slab_bytes : (slab_bytes + kPiece - 1) / kPiece * kPiece;
}

// Where each of a block's slots lies in its slab. Slots that share a key share a part.
struct SlabLayout {
  struct Part {
    uint64_t offset = 0, bytes = 0;
    std::vector<int64_t> shape, strides;  // of elements; four dimensions are stored channels last
    at::ScalarType type = at::kFloat;
  };
  std::vector<Part> parts;  // by slot; then the scales of those in 8 bits, in the same order
  uint64_t bytes = 0;       // a multiple of kSlabAlignment; 0: the block has no weights
};

SlabLayout LayOut(const BlockWeights& block, WeightStorage storage);

// The weights as views of a slab, by part. `slab` is uint8 of at least layout.bytes, on any device,
// and is kept by the views.
std::vector<at::Tensor> ViewsOf(const SlabLayout& layout, const at::Tensor& slab);

// Moves weights that a block has on a device into a slab there: as they are laid out when they come
// through ResidentBlocks. Throws as ATen does.
void Pack(const BlockWeights& block);

// Gives a block's layers their weights, or takes them away.
void Bind(const BlockWeights& block, const std::vector<at::Tensor>& views);
void Unbind(const BlockWeights& block);

}  // namespace hanga
