// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latents.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hanga {
namespace {

TEST(LatentsTest, PacksChannelsFirstThenRowsAndColumnsOfAPatch) {
  const at::Tensor grid = at::arange(2 * 4 * 6).view({1, 2, 4, 6}).to(at::kFloat);
  const at::Tensor tokens = PackLatents(grid);
  ASSERT_EQ(tokens.sizes(), (std::vector<int64_t>{1, 6, 8}));
  const at::Tensor patch = grid.slice(2, 2, 4).slice(3, 2, 4);  // row 1, column 1
  EXPECT_TRUE(tokens[0][4].equal(patch.flatten()));
  EXPECT_TRUE(UnpackLatents(tokens, 2, 3).equal(grid));
}

TEST(LatentsTest, PutsTokensAtTheirRowAndColumn) {
  const at::Tensor positions = ImagePositions(2, 3, at::kCPU);
  EXPECT_TRUE(positions[5].equal(at::tensor({0.0f, 1.0f, 2.0f})));
  EXPECT_TRUE(positions[3].equal(at::tensor({0.0f, 1.0f, 0.0f})));
}

}  // namespace
}  // namespace hanga
