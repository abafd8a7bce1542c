// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/qk_norm_rope.h"

#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include "tests/worker/kernels/expect_close.h"

namespace hanga::kernels {
namespace {

using at::Tensor;
using testing::Double;
using testing::ExpectClose;

// By the definition, in float64: x [B, L, H, D] -> [B, H, L, D].
Tensor Turned(const Tensor& x, const Tensor& scale, const Tensor& rope) {
  const auto d = Double(x);
  const auto y = d / (d.square().mean(-1, true) + 1e-6).sqrt() * Double(scale);
  const auto even = y.slice(-1, 0, {}, 2), odd = y.slice(-1, 1, {}, 2);
  const auto turns = Double(rope).unsqueeze(1).unbind(-1);  // [L, 1, D / 2]
  return at::stack({turns[0] * even - turns[1] * odd, turns[1] * even + turns[0] * odd}, -1)
      .flatten(-2)
      .transpose(1, 2);
}

struct Case {
  int64_t batch, rows, heads, dim;

  Tensor Projections() const { return at::randn({batch, rows, 3 * heads * dim}); }
  Tensor Rope() const {
    const auto angles = at::rand({rows, dim / 2}) * 6;
    return at::stack({angles.cos(), angles.sin()}, -1);
  }
  QkNormRows Part(int64_t rows) const { return {rows, at::randn({dim}), at::randn({dim})}; }
};

void ExpectFormula(const Qkv& got, const Tensor& qkv, const std::vector<QkNormRows>& parts,
                   const Tensor& rope, int64_t heads) {
  const auto planes = qkv.unflatten(-1, {3, heads, -1}).unbind(2);
  int64_t begin = 0;
  for (const QkNormRows& part : parts) {
    const auto here = [&](const Tensor& t, int64_t dim) { return t.narrow(dim, begin, part.rows); };
    ExpectClose(here(got.q, 2), Turned(here(planes[0], 1), part.q_scale, here(rope, 0)));
    ExpectClose(here(got.k, 2), Turned(here(planes[1], 1), part.k_scale, here(rope, 0)));
    begin += part.rows;
  }
  EXPECT_TRUE(got.v.equal(planes[2].transpose(1, 2)));
}

TEST(QkNormRopeTest, FollowsItsFormulaForOnePart) {
  at::manual_seed(6);
  for (const Case& c : {Case{1, 1, 1, 2}, Case{2, 7, 3, 10}, Case{1, 33, 2, 64}}) {
    const auto qkv = c.Projections(), rope = c.Rope();
    const std::vector<QkNormRows> parts = {c.Part(c.rows)};
    ExpectFormula(QkNormRope(qkv.clone(), parts, rope, c.heads), qkv, parts, rope, c.heads);
  }
}

TEST(QkNormRopeTest, EveryPartHasNormsOfItsOwn) {
  at::manual_seed(7);
  const Case c{2, 12, 3, 16};
  const auto qkv = c.Projections(), rope = c.Rope();
  const std::vector<QkNormRows> parts = {c.Part(5), c.Part(7)};
  ExpectFormula(QkNormRope(qkv.clone(), parts, rope, c.heads), qkv, parts, rope, c.heads);
}

TEST(QkNormRopeTest, TakesRowsThatLieApart) {
  at::manual_seed(8);
  const Case c{2, 6, 2, 8};
  const auto wide = at::randn({2, 6, 3 * 16 + 20}), rope = c.Rope();
  const auto qkv = wide.narrow(-1, 4, 48).clone();
  const std::vector<QkNormRows> parts = {c.Part(6)};
  ExpectFormula(QkNormRope(wide.narrow(-1, 4, 48), parts, rope, 2), qkv, parts, rope, 2);
}

TEST(QkNormRopeTest, RefusesPartsThatDoNotCoverTheSequence) {
  const Case c{1, 6, 2, 8};
  EXPECT_THROW(QkNormRope(c.Projections(), {c.Part(5)}, c.Rope(), 2), c10::Error);
}

}  // namespace
}  // namespace hanga::kernels
