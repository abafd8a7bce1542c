// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/quantize_rows.h"

#include <gtest/gtest.h>

#include "tests/worker/kernels/expect_close.h"
#include "worker/kernels/copy_rows.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"
#include "worker/kernels/linear.h"

namespace hanga::kernels {
namespace {

using at::Tensor;
using testing::ExpectClose;

// Half a step of e4m3 is 1/16 of the number below the row's largest, and 448 steps of the smallest.
void ExpectWithinAStep(const Rows& got, const Tensor& x) {
  const Tensor back = Dequantize(got, at::kFloat), largest = x.abs().amax(-1, true);
  const Tensor bound = at::maximum(x.abs() / 16, largest / 448 / 512 * 1.001);
  EXPECT_TRUE(((back - x).abs() <= bound + 1e-12).all().item<bool>());
}

TEST(QuantizeRowsTest, EveryRowUsesTheWholeRangeOfTheFormat) {
  at::manual_seed(1);
  const Tensor x = at::randn({3, 5, 48}) * at::exp(4 * at::randn({3, 5, 1}));
  const Rows rows = QuantizeRows(x);
  EXPECT_EQ(rows.values.scalar_type(), at::kFloat8_e4m3fn);
  EXPECT_EQ(rows.scales.sizes(), (std::vector<int64_t>{3, 5}));
  EXPECT_TRUE(rows.values.to(at::kFloat).abs().amax(-1).eq(448).all().item<bool>());
  ExpectWithinAStep(rows, x);
}

TEST(QuantizeRowsTest, ARowOfZerosStaysOne) {
  const Rows rows = QuantizeRows(at::zeros({2, 16}));
  EXPECT_TRUE(Dequantize(rows, at::kFloat).eq(0).all().item<bool>());
}

TEST(QuantizeRowsTest, RowsSideBySideShareAScale) {
  const Tensor left = at::randn({2, 4, 16}), right = 30 * at::randn({2, 4, 32});
  const Rows both = QuantizeBeside(left, right), joined = QuantizeRows(at::cat({left, right}, -1));
  EXPECT_TRUE(both.scales.equal(joined.scales));
  EXPECT_TRUE(both.values.to(at::kFloat).equal(joined.values.to(at::kFloat)));
}

TEST(QuantizeRowsTest, AProductIsThatOfTheRoundedOperands) {
  const Tensor x = at::randn({2, 7, 64}), weight = at::randn({24, 64}) / 8, bias = at::randn({24});
  const Rows w = QuantizeRows(weight), rows = QuantizeRows(x);
  const Tensor expected = at::linear(Dequantize(rows, at::kFloat), Dequantize(w, at::kFloat), bias);
  ExpectClose(Linear(rows, w, bias), expected);
  ExpectClose(Linear(x, w, bias), expected);  // rounded on the way
  EXPECT_GT((expected - at::linear(x, weight, bias)).abs().max().item<float>(), 1e-3);
  const Tensor whole = at::full({2, 7, 40}, 5.0);
  LinearInto(rows, w, bias, Activation::kGeluTanh, whole.narrow(-1, 8, 24));
  ExpectClose(whole.narrow(-1, 8, 24), at::gelu(expected, "tanh"));
  EXPECT_TRUE(whole.narrow(-1, 0, 8).eq(5).all().item<bool>());
}

TEST(QuantizeRowsTest, RowsInEightBitsAreRefusedByAWeightThatIsNot) {
  EXPECT_THROW(Linear(QuantizeRows(at::randn({2, 8})), at::randn({4, 8}), {}), c10::Error);
}

TEST(QuantizeRowsTest, NormsInEightBitsAreTheNormsRounded) {
  const Tensor x = at::randn({2, 3, 32}), y = at::randn({2, 3, 32});
  const Tensor m = at::randn({2, 1, 32}), n = at::randn({2, 1, 32}), gate = at::randn({2, 1, 32});
  ExpectWithinAStep(LayerNormModulate(x, m, n, RowForm::kFp8), LayerNormModulate(x, m, n));
  const auto both = GatedResidualModulate(x, gate, y, m, n, RowForm::kFp8);
  const auto plain = GatedResidualModulate(x, gate, y, m, n);
  ExpectClose(both.residual, plain.residual);
  ExpectWithinAStep(both.normalized, plain.normalized);
}

TEST(CopyRowsTest, WritesTheSliceAndNothingElse) {
  const Tensor from = at::randn({2, 3, 8}), whole = at::full({2, 5, 20}, 7.0);
  CopyRows(from, whole.narrow(1, 1, 3).narrow(2, 4, 8));
  EXPECT_TRUE(whole.narrow(1, 1, 3).narrow(2, 4, 8).equal(from));
  EXPECT_EQ(whole.eq(7).sum().item<int64_t>(), 2 * 5 * 20 - from.numel());
}

}  // namespace
}  // namespace hanga::kernels
