// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/gpu/gpu_test.h"
#include "worker/kernels/channel_bias.h"
#include "worker/kernels/copy_rows.h"
#include "worker/kernels/geglu.h"
#include "worker/kernels/group_norm_silu.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

constexpr double kEps = 1e-6;

struct Shape {
  int64_t batch, channels, groups, height, width;
};

// Group widths of 1, 2, 3, 4, 8, 10, 16 and 96; one pixel, few, and more than the blocks take at
// once.
constexpr Shape kShapes[] = {{1, 32, 32, 3, 5},    {1, 64, 32, 1, 1},   {2, 12, 4, 7, 3},
                             {3, 128, 32, 17, 9},  {1, 256, 32, 8, 33}, {2, 320, 32, 5, 13},
                             {1, 512, 32, 16, 16}, {1, 96, 1, 11, 3},   {1, 20, 10, 6, 6},
                             {1, 1024, 32, 4, 4},  {1, 7, 7, 5, 2},     {2, 128, 32, 300, 217},
                             {2, 1920, 32, 9, 7},  {2, 2560, 32, 5, 8}, {1, 640, 32, 64, 48}};

class PictureKernelsTest : public GpuTest {
 protected:
  void Check(const Shape& s, at::MemoryFormat format, const Precision& p) {
    const std::vector<int64_t> shape = {s.batch, s.channels, s.height, s.width};
    const auto x = Random(shape, p.type) + 0.5, residual = Random(shape, p.type);
    const auto weight = Random({s.channels}, p.type), bias = Random({s.channels}, p.type),
               x_bias = Random({s.channels}, p.type);
    const auto device = [&](const Tensor& t) { return OnDevice(t, p.type); };
    const auto picture = [&](const Tensor& t) { return device(t).contiguous(format); };

    ExpectClose(kernels::GroupNorm(picture(x), s.groups, device(weight), device(bias), kEps),
                kernels::GroupNorm(x, s.groups, weight, bias, kEps), 3 * p.tolerance);
    for (const Tensor& pending : {Tensor(), x_bias, Random({s.batch, s.channels}, p.type)}) {
      const auto got = kernels::GroupNormSilu(picture(x), s.groups, device(weight), device(bias),
                                              kEps, device(pending));
      ExpectClose(got, kernels::GroupNormSilu(x, s.groups, weight, bias, kEps, pending),
                  3 * p.tolerance);
      EXPECT_EQ(got.strides(), picture(x).strides());
    }
    for (const Tensor& other : {Tensor(), residual}) {
      const auto sum = picture(x), expected = x.clone();
      kernels::AddChannelBias(sum, device(x_bias), other.defined() ? picture(other) : other);
      kernels::AddChannelBias(expected, x_bias, other);
      ExpectClose(sum, expected, p.tolerance);
    }
  }
};

TEST_F(PictureKernelsTest, AgreeWithTheCpuOnEveryShape) {
  for (const Precision& p : kPrecisions)
    for (const Shape& s : kShapes) Check(s, at::MemoryFormat::ChannelsLast, p);
}

TEST_F(PictureKernelsTest, AgreeWithTheCpuWhereChannelsAreNotLast) {
  for (const Precision& p : kPrecisions) Check(kShapes[3], at::MemoryFormat::Contiguous, p);
}

TEST_F(PictureKernelsTest, JoinChannelsAgreesWithTheCpu) {
  for (const Precision& p : kPrecisions)
    for (const auto& [a, b] : {std::pair<int64_t, int64_t>{320, 640}, {8, 3}, {5, 7}}) {
      const auto x = Random({2, a, 9, 5}, p.type), y = Random({2, b, 9, 5}, p.type);
      const auto device = [&](const Tensor& t) {
        return OnDevice(t, p.type).contiguous(at::MemoryFormat::ChannelsLast);
      };
      ExpectClose(kernels::JoinChannels(device(x), device(y)), at::cat({x, y}, 1), 0);
    }
}

TEST_F(PictureKernelsTest, GegluAgreesWithTheCpu) {
  for (const Precision& p : kPrecisions)
    for (const auto& [rows, width] :
         {std::pair<int64_t, int64_t>{1, 1}, {7, 33}, {300, 1280}, {5, 2564}, {4096, 8}}) {
      const auto x = Random({2, rows, 2 * width}, p.type) * 2;
      ExpectClose(kernels::Geglu(OnDevice(x, p.type)), kernels::Geglu(x), p.tolerance);
    }
}

TEST_F(PictureKernelsTest, KeepTheirPrecisionWhereTheMeanIsLarge) {
  const auto x = at::randn({1, 64, 40, 40}) + 300, one = at::ones({64}), zero = at::zeros({64});
  const auto got = kernels::GroupNorm(x.cuda().contiguous(at::MemoryFormat::ChannelsLast), 32,
                                      one.cuda(), zero.cuda(), kEps);
  ExpectClose(
      got,
      kernels::GroupNorm(x.to(at::kDouble), 32, one.to(at::kDouble), zero.to(at::kDouble), kEps),
      2e-4);
}

TEST_F(PictureKernelsTest, SiluOfFarNegativeValuesIsZero) {
  const auto x = at::zeros({1, 8, 2, 2}, at::kCUDA).contiguous(at::MemoryFormat::ChannelsLast);
  const auto weight = at::ones({8}, at::kCUDA);
  const auto got = kernels::GroupNormSilu(x, 2, weight, at::full({8}, -1e4, at::kCUDA), kEps);
  EXPECT_TRUE(got.eq(0).all().item<bool>());
}

TEST_F(PictureKernelsTest, TwoRunsAreEqualBitForBit) {
  const auto x = OnDevice(at::randn({1, 128, 200, 300}), at::kBFloat16)
                     .contiguous(at::MemoryFormat::ChannelsLast);
  const auto w = at::randn({128}, x.options().memory_format(at::MemoryFormat::Contiguous));
  const auto first = kernels::GroupNormSilu(x, 32, w, w, kEps, w);
  for (int run = 0; run < 5; ++run)
    EXPECT_TRUE(kernels::GroupNormSilu(x, 32, w, w, kEps, w).equal(first));
}

}  // namespace
}  // namespace hanga::gpu
