// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/linear.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/kernels/expect_close.h"

namespace hanga::kernels {
namespace {

using at::Tensor;
using testing::Double;
using testing::ExpectClose;

// By the definition, in float64.
Tensor Product(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  auto y = at::matmul(Double(x), Double(weight).t());
  if (bias.defined()) y = y + Double(bias);
  if (activation == Activation::kNone) return y;
  return 0.5 * y * (1 + at::tanh(std::sqrt(2 / M_PI) * (y + 0.044715 * y.pow(3))));
}

class LinearTest : public ::testing::TestWithParam<std::tuple<Activation, bool>> {
 protected:
  void SetUp() override {
    at::manual_seed(4);
    activation = std::get<0>(GetParam());
    if (std::get<1>(GetParam())) bias = at::randn({13});
  }
  Activation activation = Activation::kNone;
  Tensor weight = at::randn({13, 21}), bias;
};

TEST_P(LinearTest, FollowsItsFormulaForAnyLeadingDimensions) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{21}, {1, 21}, {5, 21}, {2, 3, 21}, {1, 7, 21}}) {
    const auto x = at::randn(shape);
    ExpectClose(Linear(x, weight, bias, activation), Product(x, weight, bias, activation));
  }
}

TEST_P(LinearTest, TakesRowsThatLieApart) {
  const auto x = at::randn({2, 6, 40}).narrow(-1, 9, 21);
  ExpectClose(Linear(x, weight, bias, activation), Product(x, weight, bias, activation));
}

TEST_P(LinearTest, WritesIntoColumnsAndLeavesTheOthersAlone) {
  const auto x = at::randn({2, 6, 21}), whole = at::full({2, 6, 30}, 7.0);
  LinearInto(x, weight, bias, activation, whole.narrow(-1, 10, 13));
  ExpectClose(whole.narrow(-1, 10, 13), Product(x, weight, bias, activation));
  EXPECT_TRUE(whole.narrow(-1, 0, 10).eq(7).all().item<bool>());
  EXPECT_TRUE(whole.narrow(-1, 23, 7).eq(7).all().item<bool>());
}

TEST_P(LinearTest, WritesIntoRowsOfEveryBatchElement) {
  const auto x = at::randn({2, 6, 21}), whole = at::full({2, 9, 13}, 7.0);
  LinearInto(x, weight, bias, activation, whole.narrow(1, 3, 6));
  ExpectClose(whole.narrow(1, 3, 6), Product(x, weight, bias, activation));
  EXPECT_TRUE(whole.narrow(1, 0, 3).eq(7).all().item<bool>());
}

TEST_P(LinearTest, PlusAddsAResidualAndLeavesItAlone) {
  if (activation != Activation::kNone) GTEST_SKIP() << "a residual has no activation beside it";
  const auto x = at::randn({2, 6, 21}), residual = at::randn({2, 6, 13}), kept = residual.clone();
  ExpectClose(LinearPlus(x, weight, bias, residual),
              Double(residual) + Product(x, weight, bias, activation));
  EXPECT_TRUE(residual.equal(kept));
}

INSTANTIATE_TEST_SUITE_P(Epilogues, LinearTest,
                         ::testing::Combine(::testing::Values(Activation::kNone,
                                                              Activation::kGeluTanh),
                                            ::testing::Bool()));

}  // namespace
}  // namespace hanga::kernels
