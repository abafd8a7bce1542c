// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model as the runtime sees it: an ordered list of blocks over one State. Nothing here knows a
// device or an architecture; nothing in a model file knows how the list is split.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/layers/module.h"

namespace hanga {

// What the runtime needs of a block without knowing its State: the smallest unit of placement,
// residency and transfer.
struct BlockWeights {
  std::string name;         // "double_blocks.7"; unique and not empty; in plans, traces and metrics
  std::vector<Slot> slots;  // what it declares; the tensors belong to the block's layer
  // What adapters (worker/lora) do to the network now, told apart from any other; empty: nothing.
  // Part of the key of whatever is kept of a network's results or its captured graphs.
  std::string adapted = {};
};

template <typename State>
struct Block : BlockWeights {
  std::function<void(State&)> run;
};

// Owns its blocks; their addresses do not change. Not thread-safe: one thread runs a list.
template <typename State>
class BlockList {
 public:
  // Appends a block made of layer L whose keys start with its name: "double_blocks.3.img_mod.lin".
  template <typename L, typename... Args>
  void Add(const std::string& name, const Args&... args) {
    AddAs<L>(name, [&](const Scope& root) { return std::make_shared<L>(root / name, args...); });
  }
  // The same for a layer whose keys have no prefix.
  template <typename L, typename... Args>
  void AddRoot(const std::string& name, const Args&... args) {
    AddAs<L>(name, [&](const Scope& root) { return std::make_shared<L>(root, args...); });
  }
  // The same for a layer that gathers its weights from several places under the root.
  template <typename L, typename Make>
  void AddAs(const std::string& name, Make&& make) {
    auto block = std::make_unique<Block<State>>();
    block->name = name;
    std::shared_ptr<L> layer = make(Scope(&block->slots));
    block->run = [layer](State& s) { (*layer)(s); };
    blocks_.push_back(std::move(block));
  }

  size_t size() const { return blocks_.size(); }
  Block<State>& operator[](size_t i) { return *blocks_[i]; }
  const Block<State>& operator[](size_t i) const { return *blocks_[i]; }

  // Every block's weights in order, for loading, planning and residency.
  std::vector<BlockWeights*> Weights() const {
    std::vector<BlockWeights*> weights;
    for (const auto& block : blocks_) weights.push_back(block.get());
    return weights;
  }

  void Run(State& state) const {
    for (const auto& block : blocks_) block->run(state);
  }

 private:
  std::vector<std::unique_ptr<Block<State>>> blocks_;
};

// The weights of several lists that are loaded from one checkpoint, in order.
template <typename... Lists>
std::vector<BlockWeights*> WeightsOf(const Lists&... lists) {
  std::vector<BlockWeights*> all;
  const auto append = [&](const std::vector<BlockWeights*>& weights) {
    all.insert(all.end(), weights.begin(), weights.end());
  };
  (append(lists.Weights()), ...);
  return all;
}

}  // namespace hanga
