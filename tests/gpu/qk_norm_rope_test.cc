// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/qk_norm_rope.h"

#include "tests/gpu/gpu_test.h"

namespace hanga::gpu {
namespace {

using at::Tensor;
using kernels::QkNormRows;

struct Shape {
  int64_t batch, heads, dim;
  std::vector<int64_t> rows;  // of each part
};

const Shape kShapes[] = {{1, 1, 32, {1}},      {2, 3, 64, {5}},       {1, 5, 80, {7, 9}},
                         {3, 2, 96, {1, 13}},  {1, 24, 128, {77, 3}}, {2, 2, 256, {4, 6}},
                         {1, 3, 6, {5}},       {1, 2, 18, {3, 2}},    {1, 1, 320, {3}},
                         {1, 24, 128, {1030}}, {2, 1, 8, {9}}};

class QkNormRopeTest : public GpuTest {
 protected:
  // `gap`: elements between the rows of the projections.
  void Check(const Shape& s, int64_t gap, const Precision& p) {
    int64_t rows = 0;
    for (const int64_t part : s.rows) rows += part;
    const int64_t width = 3 * s.heads * s.dim;
    const auto qkv = Random({s.batch, rows, width}, p.type);
    const auto angles = at::rand({rows, s.dim / 2}) * 6;
    const auto rope = at::stack({angles.cos(), angles.sin()}, -1);
    std::vector<QkNormRows> parts, device_parts;
    for (const int64_t part : s.rows) {
      parts.push_back({part, Random({s.dim}, p.type), Random({s.dim}, p.type)});
      device_parts.push_back(
          {part, OnDevice(parts.back().q_scale, p.type), OnDevice(parts.back().k_scale, p.type)});
    }
    const auto wide = at::zeros({s.batch, rows, width + gap}, at::device(at::kCUDA).dtype(p.type));
    const auto device_qkv = wide.narrow(-1, 0, width);
    device_qkv.copy_(qkv);

    const auto expected = kernels::QkNormRope(qkv, parts, rope, s.heads);
    const auto got = kernels::QkNormRope(device_qkv, device_parts, rope.cuda(), s.heads);
    ExpectClose(got.q, expected.q, p.tolerance);
    ExpectClose(got.k, expected.k, p.tolerance);
    EXPECT_TRUE(got.v.cpu().to(at::kFloat).equal(expected.v));
    EXPECT_TRUE(wide.narrow(-1, width, gap).eq(0).all().item<bool>());
  }
};

TEST_F(QkNormRopeTest, AgreesWithTheCpuOnEveryShape) {
  for (const Precision& p : kPrecisions)
    for (const Shape& s : kShapes) Check(s, 0, p);
}

TEST_F(QkNormRopeTest, AgreesWithTheCpuWhereRowsLieApart) {
  for (const Precision& p : kPrecisions)
    for (const int64_t gap : {3, 8})
      for (const Shape& s : kShapes) Check(s, gap, p);
}

}  // namespace
}  // namespace hanga::gpu
