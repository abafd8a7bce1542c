// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/worker/kernels/expect_close.h"

namespace hanga::kernels {
namespace {

using at::Tensor;
using testing::Double;
using testing::ExpectClose;

// By the definition, in float64. `mask` [Lq, Lk] is true where a query sees a key.
Tensor Formula(const Tensor& q, const Tensor& k, const Tensor& v, double scale, const Tensor& bias,
               const Tensor& mask) {
  auto scores = at::matmul(Double(q), Double(k).transpose(-1, -2)) * scale;
  if (bias.defined()) scores = scores + Double(bias);
  if (mask.defined())
    scores = scores.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity());
  const auto weights = at::exp(scores - scores.amax(-1, true));
  const auto out = at::matmul(weights / weights.sum(-1, true), Double(v));
  return out.permute({0, 2, 1, 3}).flatten(2);
}

class AttentionTest : public ::testing::Test {
 protected:
  void SetUp() override { at::manual_seed(5); }
};

TEST_F(AttentionTest, FollowsItsFormulaOnOddShapes) {
  for (const auto& [batch, heads, queries, keys, dim] :
       {std::array<int64_t, 5>{1, 1, 1, 1, 4}, {2, 3, 7, 7, 16}, {1, 2, 5, 11, 24}}) {
    const auto q = at::randn({batch, heads, queries, dim}),
               k = at::randn({batch, heads, keys, dim}), v = at::randn_like(k);
    ExpectClose(Attention(q, k, v), Formula(q, k, v, 1 / std::sqrt(dim), {}, {}));
  }
}

TEST_F(AttentionTest, TakesHeadsThatLieInOneProjection) {
  const auto planes = at::randn({2, 9, 3, 4, 8}).unbind(2);
  const auto q = planes[0].transpose(1, 2), k = planes[1].transpose(1, 2),
             v = planes[2].transpose(1, 2);
  ExpectClose(Attention(q, k, v), Formula(q, k, v, 1 / std::sqrt(8), {}, {}));
}

TEST_F(AttentionTest, IntoColumnsLeavesTheOthersAlone) {
  const auto q = at::randn({2, 3, 6, 8}), k = at::randn({2, 3, 9, 8}), v = at::randn({2, 3, 9, 8});
  const auto whole = at::full({2, 6, 40}, 7.0);
  AttentionInto(q, k, v, whole.narrow(-1, 10, 24));
  ExpectClose(whole.narrow(-1, 10, 24), Formula(q, k, v, 1 / std::sqrt(8), {}, {}));
  EXPECT_TRUE(whole.narrow(-1, 0, 10).eq(7).all().item<bool>());
  EXPECT_TRUE(whole.narrow(-1, 34, 6).eq(7).all().item<bool>());
}

TEST_F(AttentionTest, AddsABiasBroadcastOverBatchAndHeads) {
  const auto q = at::randn({2, 3, 6, 8}), k = at::randn({2, 3, 6, 8}), v = at::randn({2, 3, 6, 8});
  const auto bias = at::randn({1, 3, 6, 6});
  ExpectClose(Attention(q, k, v, {.bias = bias, .scale = 1.0}), Formula(q, k, v, 1, bias, {}));
}

TEST_F(AttentionTest, IsCausalWhereAsked) {
  const auto q = at::randn({1, 2, 6, 8}), k = at::randn({1, 2, 6, 8}), v = at::randn({1, 2, 6, 8});
  const auto mask = at::ones({6, 6}, at::kBool).tril();
  ExpectClose(Attention(q, k, v, {.causal = true}), Formula(q, k, v, 1 / std::sqrt(8), {}, mask));
}

}  // namespace
}  // namespace hanga::kernels
