// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/slab_layout.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

TEST(SlabLayoutTest, AlignsEveryWeightAndStoresASharedKeyOnce) {
  at::Tensor a, b, c;
  const BlockWeights block = {"b", {{"x", {3, 5}, &a}, {"y", {7}, &b}, {"x", {3, 5}, &c}}};
  const SlabLayout layout = LayOut(block, at::kBFloat16);
  ASSERT_EQ(layout.parts.size(), 3);
  EXPECT_EQ(layout.parts[0].offset, 0);
  EXPECT_EQ(layout.parts[1].offset, kSlabAlignment);
  EXPECT_EQ(layout.parts[2].offset, 0);
  EXPECT_EQ(layout.bytes, 2 * kSlabAlignment);
}

TEST(SlabLayoutTest, ViewsCoverTheirPartsAndNoMore) {
  at::Tensor a, b;
  const BlockWeights block = {"b", {{"x", {2, 3}, &a}, {"y", {4, 2, 3, 3}, &b}}};
  const SlabLayout layout = LayOut(block, at::kFloat);
  const at::Tensor slab = at::zeros({static_cast<int64_t>(layout.bytes) + 64}, at::kByte);
  const std::vector<at::Tensor> views = ViewsOf(layout, slab);
  Bind(block, views);
  a.fill_(1);
  b.fill_(2);
  EXPECT_EQ(a.sum().item<float>(), 6);
  EXPECT_TRUE(b.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(slab.view(at::kFloat).sum().item<float>(), 6 + 2 * 72);
  Unbind(block);
  EXPECT_FALSE(a.defined());
}

TEST(SlabLayoutTest, WeightsInEightBitsHaveTheirScalesBehindThem) {
  at::Tensor a, a_scales, b;
  const BlockWeights block = {"b", {{"x", {3, 16}, &a, &a_scales}, {"y", {7}, &b}}};
  const SlabLayout plain = LayOut(block, at::kBFloat16),
                   layout = LayOut(block, {at::kBFloat16, true});
  EXPECT_EQ(plain.parts.size(), 2);
  ASSERT_EQ(layout.parts.size(), 3);
  EXPECT_EQ(layout.bytes, 3 * kSlabAlignment);
  const at::Tensor slab = at::zeros({static_cast<int64_t>(layout.bytes)}, at::kByte);
  Bind(block, ViewsOf(layout, slab));
  EXPECT_EQ(a.scalar_type(), at::kFloat8_e4m3fn);
  EXPECT_EQ(b.scalar_type(), at::kBFloat16);
  EXPECT_EQ(a_scales.sizes(), (std::vector<int64_t>{3}));
  a_scales.fill_(1);
  EXPECT_TRUE(a.to(at::kFloat).eq(0).all().item<bool>());
  Bind(block, ViewsOf(plain, slab));
  EXPECT_FALSE(a_scales.defined());
  Unbind(block);
  EXPECT_FALSE(a.defined());
}

TEST(SlabLayoutTest, ABlockWithoutWeightsTakesNothing) {
  EXPECT_EQ(LayOut({"turn", {}}, at::kFloat).bytes, 0);
}

}  // namespace
}  // namespace hanga
