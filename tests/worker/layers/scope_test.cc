// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "worker/layers/block_list.h"
#include "worker/layers/embedding.h"
#include "worker/layers/linear.h"
#include "worker/layers/norm.h"

namespace hanga {
namespace {

struct Vector {
  at::Tensor x;
};

struct TwoLayers {
  explicit TwoLayers(const Scope& w) : first(w / "first" / 0, 3, 4), norm(w / "norm", 4) {}
  Linear first;
  RmsNorm norm;
  void operator()(Vector& v) const { v.x = norm(first(v.x)); }
};

std::vector<std::string> Keys(const BlockWeights& block) {
  std::vector<std::string> keys;
  for (const Slot& slot : block.slots) keys.push_back(slot.key);
  return keys;
}

TEST(ScopeTest, NamesWeightsByTheirPathUnderTheBlock) {
  BlockList<Vector> blocks;
  blocks.Add<TwoLayers>("blocks.0");
  blocks.AddRoot<TwoLayers>("root");
  EXPECT_EQ(Keys(blocks[0]),
            (std::vector<std::string>{"blocks.0.first.0.weight", "blocks.0.first.0.bias",
                                      "blocks.0.norm.weight"}));
  EXPECT_EQ(Keys(blocks[1]),
            (std::vector<std::string>{"first.0.weight", "first.0.bias", "norm.weight"}));
  EXPECT_EQ(blocks[1].name, "root");
}

TEST(ScopeTest, SlotsHoldTheLayersTensorsThroughMovesOfTheList) {
  BlockList<Vector> made;
  made.Add<TwoLayers>("a");
  BlockList<Vector> blocks = std::move(made);
  EXPECT_FALSE(blocks[0].slots[0].tensor->defined());
  for (const Slot& slot : blocks[0].slots) *slot.tensor = at::ones(slot.shape);
  Vector v{at::ones({2, 3})};
  blocks.Run(v);
  EXPECT_TRUE(at::allclose(v.x, at::ones({2, 4})));  // every element 4, then normalised
  EXPECT_EQ(blocks[0].slots[0].Elements(), 12);
}

TEST(EmbeddingTest, RefusesAnIdOutsideTheTable) {
  std::vector<Slot> slots;
  Embedding table(Scope(&slots, "table"), 4, 2);
  *slots[0].tensor = at::arange(8, at::kFloat).view({4, 2});
  EXPECT_TRUE(table(at::tensor({3}, at::kLong)).equal(at::tensor({6.0f, 7.0f}).view({1, 2})));
  EXPECT_ANY_THROW(table(at::tensor({4}, at::kLong)));
}

}  // namespace
}  // namespace hanga
