// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/gpu/gpu_test.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

struct Shape {
  int64_t batch, rows, channels;
};

// Every width of access, number of packs and remainder that the kernel is compiled for.
constexpr Shape kShapes[] = {
    {1, 1, 8},    {1, 3, 7},     {2, 1, 33},    {3, 5, 256},   {2, 9, 1000}, {1, 4608, 64},
    {1, 2, 2048}, {4, 11, 3072}, {2, 3, 3080},  {1, 3, 4096},  {1, 2, 6144}, {2, 2, 8200},
    {1, 3, 3073}, {1, 2, 16384}, {1, 2, 20480}, {1, 3, 16383}, {1, 2, 65528}};

// Vectors of each batch element: slices of a wider row, `offset` elements from its start.
Tensor Modulation(int64_t batch, int64_t channels, int64_t offset, at::ScalarType type) {
  return Random({batch, 4 * channels + 16}, type).narrow(-1, offset, 3 * channels);
}

class RowKernelsTest : public GpuTest {
 protected:
  void Check(const Shape& s, int64_t offset, const Precision& p) {
    const auto x = Random({s.batch, s.rows, s.channels}, p.type), y = Random(x.sizes(), p.type);
    const auto rows = Modulation(s.batch, s.channels, offset, p.type);
    // Slices on the device too: moving them would make them contiguous.
    const auto wide =
        at::zeros({s.batch, 4 * s.channels + 16}, at::device(at::kCUDA).dtype(p.type));
    const auto device_rows = wide.narrow(-1, offset, 3 * s.channels);
    device_rows.copy_(rows);
    const auto part = [&](const Tensor& t, int64_t i) {
      return t.narrow(-1, i * s.channels, s.channels).unsqueeze(1);
    };
    const auto dx = OnDevice(x, p.type), dy = OnDevice(y, p.type);

    ExpectClose(kernels::LayerNormModulate(dx, part(device_rows, 0), part(device_rows, 1)),
                kernels::LayerNormModulate(x, part(rows, 0), part(rows, 1)), p.tolerance);
    ExpectClose(kernels::GatedResidual(dx, part(device_rows, 2), dy),
                kernels::GatedResidual(x, part(rows, 2), y), p.tolerance);
    const auto got = kernels::GatedResidualModulate(dx, part(device_rows, 2), dy,
                                                    part(device_rows, 0), part(device_rows, 1));
    const auto expected =
        kernels::GatedResidualModulate(x, part(rows, 2), y, part(rows, 0), part(rows, 1));
    ExpectClose(got.residual, expected.residual, p.tolerance);
    ExpectClose(got.normalized, expected.normalized, p.tolerance);
  }
};

TEST_F(RowKernelsTest, AgreeWithTheCpuOnEveryShape) {
  for (const Precision& p : kPrecisions)
    for (const Shape& s : kShapes) Check(s, 0, p);
}

TEST_F(RowKernelsTest, AgreeWithTheCpuWhereModulationsAreNotAligned) {
  for (const Precision& p : kPrecisions)
    for (const Shape& s : {Shape{2, 5, 64}, Shape{3, 2, 3072}}) Check(s, 3, p);
}

TEST_F(RowKernelsTest, KeepTheirPrecisionWhereTheMeanIsLarge) {
  const auto x = at::randn({1, 5, 3072}) + 300, zero = at::zeros({1, 1, 3072});
  ExpectClose(
      kernels::LayerNormModulate(x.cuda(), zero.cuda(), zero.cuda()),
      kernels::LayerNormModulate(x.to(at::kDouble), zero.to(at::kDouble), zero.to(at::kDouble)),
      2e-4);
}

TEST_F(RowKernelsTest, TwoRunsAreEqualBitForBit) {
  const auto x = OnDevice(at::randn({2, 700, 3072}), at::kBFloat16), y = at::randn_like(x);
  const auto m = at::randn({2, 1, 3072}, x.options());
  const auto first = kernels::GatedResidualModulate(x, m, y, m, m);
  const auto second = kernels::GatedResidualModulate(x, m, y, m, m);
  EXPECT_TRUE(first.residual.equal(second.residual));
  EXPECT_TRUE(first.normalized.equal(second.normalized));
}

// A block may make the norm of the next one, or leave it to it.
TEST_F(RowKernelsTest, OnePassGivesTheBitsOfTwo) {
  for (const Precision& p : kPrecisions)
    for (const Shape& s : kShapes) {
      const auto x = OnDevice(at::randn({s.batch, s.rows, s.channels}), p.type),
                 y = at::randn_like(x), m = at::randn({s.batch, 1, s.channels}, x.options());
      const auto both = kernels::GatedResidualModulate(x, m, y, m, m);
      const auto residual = kernels::GatedResidual(x, m, y);
      EXPECT_TRUE(both.residual.equal(residual)) << s.channels;
      EXPECT_TRUE(both.normalized.equal(kernels::LayerNormModulate(residual, m, m))) << s.channels;
    }
}

}  // namespace
}  // namespace hanga::gpu
