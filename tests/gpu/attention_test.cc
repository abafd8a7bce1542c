// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/kernels/attention.h"

#include "tests/gpu/gpu_test.h"

namespace hanga::gpu {
namespace {

using at::Tensor;

class AttentionTest : public GpuTest {
 protected:
  void Check(int64_t batch, int64_t heads, int64_t queries, int64_t keys, int64_t dim,
             const Precision& p, bool causal = false) {
    // As projections leave them: heads beside each other in a row.
    const auto make = [&](int64_t rows) {
      return Random({batch, rows, heads, dim}, p.type).transpose(1, 2);
    };
    const auto q = make(queries), k = make(keys), v = make(keys);
    ExpectClose(kernels::Attention(OnDevice(q, p.type), OnDevice(k, p.type), OnDevice(v, p.type),
                                   {.causal = causal}),
                kernels::Attention(q, k, v, {.causal = causal}), p.tolerance);
  }
};

TEST_F(AttentionTest, AgreesWithTheCpuForEveryHead) {
  for (const Precision& p : kPrecisions)
    for (const int64_t dim : {32, 40, 64, 80, 96, 128, 160, 256, 512}) {
      Check(1, 2, 130, 130, dim, p);
      Check(2, 1, 1, 77, dim, p);
    }
}

TEST_F(AttentionTest, AgreesWithTheCpuOnALongSequenceAndOnOddHeads) {
  for (const Precision& p : kPrecisions) {
    Check(1, 2, 1111, 1111, 128, p);
    Check(1, 3, 7, 5, 20, p);
  }
}

TEST_F(AttentionTest, AgreesWithTheCpuWhereCausalOrBiased) {
  for (const Precision& p : kPrecisions) {
    Check(2, 3, 77, 77, 64, p, /*causal=*/true);
    const auto q = Random({2, 3, 40, 64}, p.type), bias = Random({1, 3, 40, 40}, p.type);
    const auto on = [&](const Tensor& t) { return OnDevice(t, p.type); };
    ExpectClose(kernels::Attention(on(q), on(q), on(q), {.bias = on(bias), .scale = 1.0}),
                kernels::Attention(q, q, q, {.bias = bias, .scale = 1.0}), p.tolerance);
  }
}

TEST_F(AttentionTest, TwoRunsAreEqualBitForBit) {
  const auto q = OnDevice(at::randn({1, 24, 1536, 128}), at::kBFloat16);
  EXPECT_TRUE(kernels::Attention(q, q, q).equal(kernels::Attention(q, q, q)));
}

}  // namespace
}  // namespace hanga::gpu
