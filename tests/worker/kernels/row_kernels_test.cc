// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "tests/worker/kernels/expect_close.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"

namespace hanga::kernels {
namespace {

using at::Tensor;
using testing::Double;
using testing::ExpectClose;

// By the definition, in float64.
Tensor Normalized(const Tensor& x) {
  const auto d = Double(x);
  const auto centred = d - d.mean(-1, true);
  return centred / (centred.square().mean(-1, true) + 1e-6).sqrt();
}
Tensor Modulated(const Tensor& x, const Tensor& shift, const Tensor& scale) {
  return (1 + Double(scale)) * Normalized(x) + Double(shift);
}

struct Inputs {
  Inputs(int64_t batch, int64_t rows, int64_t channels)
      : x(at::randn({batch, rows, channels}) * 3 + 1), y(at::randn_like(x)) {
    // Slices of one row of modulation, as models cut them.
    const auto parts =
        at::randn({batch, 3 * channels + 5}).narrow(-1, 2, 3 * channels).chunk(3, -1);
    shift = parts[0].unsqueeze(1), scale = parts[1].unsqueeze(1), gate = parts[2].unsqueeze(1);
  }
  Tensor x, y, shift, scale, gate;
};

class RowKernelsTest : public ::testing::TestWithParam<std::array<int64_t, 3>> {
 protected:
  void SetUp() override { at::manual_seed(1); }
  Inputs in{GetParam()[0], GetParam()[1], GetParam()[2]};
};

TEST_P(RowKernelsTest, LayerNormModulateFollowsItsFormula) {
  ExpectClose(LayerNormModulate(in.x, in.shift, in.scale), Modulated(in.x, in.shift, in.scale));
}

TEST_P(RowKernelsTest, GatedResidualFollowsItsFormula) {
  ExpectClose(GatedResidual(in.x, in.gate, in.y), Double(in.x) + Double(in.gate) * Double(in.y));
}

TEST_P(RowKernelsTest, GatedResidualModulateIsBothOneAfterTheOther) {
  const auto got = GatedResidualModulate(in.x, in.gate, in.y, in.shift, in.scale);
  const auto residual = Double(in.x) + Double(in.gate) * Double(in.y);
  ExpectClose(got.residual, residual);
  ExpectClose(got.normalized, Modulated(residual, in.shift, in.scale));
}

TEST_P(RowKernelsTest, LeavesItsInputsAlone) {
  const auto x = in.x.clone(), y = in.y.clone();
  GatedResidualModulate(in.x, in.gate, in.y, in.shift, in.scale);
  EXPECT_TRUE(in.x.equal(x));
  EXPECT_TRUE(in.y.equal(y));
}

INSTANTIATE_TEST_SUITE_P(Shapes, RowKernelsTest,
                         ::testing::Values(std::array<int64_t, 3>{1, 1, 8},
                                           std::array<int64_t, 3>{1, 7, 33},
                                           std::array<int64_t, 3>{3, 5, 48},
                                           std::array<int64_t, 3>{2, 65, 257},
                                           std::array<int64_t, 3>{1, 3, 3072}));

TEST(LayerNormModulateTest, KeepsItsPrecisionWhereTheMeanIsLarge) {
  at::manual_seed(2);
  const auto x = at::randn({1, 4, 96}) + 1000, zero = at::zeros({1, 1, 96});
  ExpectClose(LayerNormModulate(x, zero, zero), Normalized(x), 2e-3);
}

}  // namespace
}  // namespace hanga::kernels
