// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/kernels/expect_close.h"
#include "worker/kernels/channel_bias.h"
#include "worker/kernels/copy_rows.h"
#include "worker/kernels/geglu.h"
#include "worker/kernels/group_norm_silu.h"

namespace hanga::kernels {
namespace {

using at::Tensor;
using testing::Double;
using testing::ExpectClose;

constexpr double kEps = 1e-6;

// By the definition, in float64.
Tensor Normalized(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias) {
  const auto d = Double(x).contiguous().view({x.size(0), groups, -1});
  const auto centred = d - d.mean(-1, true);
  const auto normed = centred / (centred.square().mean(-1, true) + kEps).sqrt();
  return normed.view(x.sizes()) * Double(weight).view({-1, 1, 1}) + Double(bias).view({-1, 1, 1});
}
Tensor Silu(const Tensor& x) { return x / (1 + at::exp(-x)); }

struct Shape {
  int64_t batch, channels, groups, height, width;
};

class PictureKernelsTest : public ::testing::TestWithParam<std::tuple<Shape, at::MemoryFormat>> {
 protected:
  void SetUp() override {
    at::manual_seed(3);
    const auto [s, format] = GetParam();
    groups = s.groups;
    x = (at::randn({s.batch, s.channels, s.height, s.width}) * 2 + 0.5).contiguous(format);
    weight = at::randn({s.channels}), bias = at::randn({s.channels}),
    x_bias = at::randn({s.channels});
  }
  int64_t groups = 1;
  Tensor x, weight, bias, x_bias;
};

TEST_P(PictureKernelsTest, GroupNormFollowsItsFormula) {
  ExpectClose(GroupNorm(x, groups, weight, bias, kEps), Normalized(x, groups, weight, bias));
}

TEST_P(PictureKernelsTest, GroupNormSiluFollowsItsFormulaAndKeepsTheMemoryFormat) {
  const auto got = GroupNormSilu(x, groups, weight, bias, kEps);
  ExpectClose(got, Silu(Normalized(x, groups, weight, bias)));
  EXPECT_EQ(got.strides(), x.strides());
}

TEST_P(PictureKernelsTest, GroupNormSiluAddsThePendingBiasFirst) {
  const auto sum = Double(x) + Double(x_bias).view({-1, 1, 1});
  ExpectClose(GroupNormSilu(x, groups, weight, bias, kEps, x_bias),
              Silu(Normalized(sum, groups, weight, bias)));
}

TEST_P(PictureKernelsTest, GroupNormSiluAddsABiasOfEachPicture) {
  const auto each = at::randn({x.size(0), x.size(1)});
  const auto sum = Double(x) + Double(each).unsqueeze(-1).unsqueeze(-1);
  ExpectClose(GroupNormSilu(x, groups, weight, bias, kEps, each),
              Silu(Normalized(sum, groups, weight, bias)));
}

TEST_P(PictureKernelsTest, JoinChannelsPutsOnePicturesChannelsBehindTheOthers) {
  const auto other = at::randn({x.size(0), 5, x.size(2), x.size(3)});
  const auto got = JoinChannels(x, other);
  EXPECT_TRUE(got.narrow(1, 0, x.size(1)).equal(x));
  EXPECT_TRUE(got.narrow(1, x.size(1), 5).equal(other));
}

TEST_P(PictureKernelsTest, AddChannelBiasAddsInPlaceWithOrWithoutAResidual) {
  const auto residual = at::randn_like(x);
  const auto biased = Double(x) + Double(x_bias).view({-1, 1, 1});
  const auto alone = x.clone(), both = x.clone();
  AddChannelBias(alone, x_bias);
  AddChannelBias(both, x_bias, residual);
  ExpectClose(alone, biased);
  ExpectClose(both, biased + Double(residual));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PictureKernelsTest,
    ::testing::Combine(::testing::Values(Shape{1, 8, 8, 3, 5}, Shape{2, 12, 4, 1, 7},
                                         Shape{3, 64, 4, 9, 2}, Shape{1, 128, 32, 16, 16}),
                       ::testing::Values(at::MemoryFormat::Contiguous,
                                         at::MemoryFormat::ChannelsLast)));

TEST(GegluTest, FollowsItsFormula) {
  at::manual_seed(5);
  for (const int64_t width : {1, 6, 33, 64}) {
    const auto x = at::randn({2, 3, 2 * width}) * 3;
    const auto value = Double(x).narrow(-1, 0, width), gate = Double(x).narrow(-1, width, width);
    ExpectClose(Geglu(x), value * gate * 0.5 * (1 + at::erf(gate / std::sqrt(2.0))));
  }
}

}  // namespace
}  // namespace hanga::kernels
