// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A network of a few blocks of different sizes, and its weights, made from their keys.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/layers/block_list.h"
#include "worker/layers/convolution.h"
#include "worker/layers/linear.h"
#include "worker/residency/resident_blocks.h"
#include "worker/residency/weight_source.h"

namespace hanga {

struct SmallState {
  at::Tensor x;  // [B, 8]
};

struct SmallBlock {
  SmallBlock(const Scope& w, int64_t width) : up(w / "up", 8, width), down(w / "down", width, 8) {}
  Linear up, down;
  void operator()(SmallState& s) const { s.x = s.x + down(at::silu(up(s.x))); }
};

struct Nothing {
  explicit Nothing(const Scope&) {}
  void operator()(SmallState& s) const { s.x = s.x.flip(-1); }
};

struct Picture {
  explicit Picture(const Scope& w) : conv(w / "conv", 8, 8, 3) {}
  Conv2d conv;
  void operator()(SmallState& s) const {
    s.x = conv(s.x.view({-1, 8, 1, 1}).expand({-1, 8, 4, 4})).mean({2, 3});
  }
};

inline BlockList<SmallState> MakeSmallModel() {
  BlockList<SmallState> blocks;
  for (int i = 0; i < 6; ++i) {
    blocks.Add<SmallBlock>("blocks." + std::to_string(i), int64_t{16} * (1 + i % 3));
    if (i == 2) blocks.Add<Nothing>("turn");
  }
  blocks.Add<Picture>("picture");
  return blocks;
}

// The same values for a key every time. Lies in its "file" as float32.
class MadeWeights final : public WeightSource {
 public:
  absl::Status Read(const Slot& slot, const at::Tensor& to) const override {
    ++reads;
    to.copy_(Values(slot));
    return absl::OkStatus();
  }
  std::optional<std::vector<TensorPiece>> StoredBytes(const Slot& slot,
                                                      at::ScalarType type) const override {
    if (type != at::kFloat || !has_file) return std::nullopt;
    auto values = std::make_shared<at::Tensor>(Values(slot));
    const auto* bytes = static_cast<const std::byte*>(values->const_data_ptr());
    const size_t half = values->nbytes() / 8 * 4;  // two pieces, as a fused weight has
    return std::vector<TensorPiece>{{{bytes, half}, values},
                                    {{bytes + half, values->nbytes() - half}, values}};
  }

  bool has_file = true;
  mutable int reads = 0;

 private:
  static at::Tensor Values(const Slot& slot) {
    const auto seed = static_cast<int64_t>(std::hash<std::string>()(slot.key) % 1000);
    return at::sin(at::arange(seed, seed + slot.Elements(), at::kFloat)).view(slot.shape) * 0.3;
  }
};

inline at::Tensor Input() { return at::cos(at::arange(24, at::kFloat)).view({3, 8}); }

// One pass over everything, through the ring.
inline at::Tensor RunPass(const BlockList<SmallState>& blocks, ResidentBlocks& weights,
                          at::Tensor x) {
  SmallState s{std::move(x)};
  for (size_t i = 0; i < blocks.size(); ++i) {
    weights.Acquire(i);
    blocks[i].run(s);
    weights.Release(i);
  }
  return s.x;
}

}  // namespace hanga
