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

TEST_F(AttentionTest, IntoColumnsAgreesAndLeavesTheOthersAlone) {
  for (const Precision& p : kPrecisions)
    for (const auto& [rows, dim] :
         {std::pair<int64_t, int64_t>{130, 128}, {77, 64}, {1111, 40}, {5, 20}, {1536, 128}}) {
      const auto qkv = Random({2, rows, 3, 3, dim}, p.type).unbind(2);  // heads side by side
      std::vector<Tensor> host, device;
      for (const Tensor& t : qkv) host.push_back(t.transpose(1, 2));
      const auto moved = OnDevice(at::stack(qkv, 2), p.type).unbind(2);
      for (const Tensor& t : moved) device.push_back(t.transpose(1, 2));
      const auto whole = at::full({2, rows, 3 * dim + 24}, 7, at::device(at::kCUDA).dtype(p.type));
      kernels::AttentionInto(device[0], device[1], device[2], whole.narrow(-1, 8, 3 * dim));
      ExpectClose(whole.narrow(-1, 8, 3 * dim), kernels::Attention(host[0], host[1], host[2]),
                  p.tolerance);
      EXPECT_TRUE(whole.narrow(-1, 0, 8).eq(7).all().item<bool>());
      EXPECT_TRUE(whole.narrow(-1, 8 + 3 * dim, 16).eq(7).all().item<bool>());
    }
}

TEST_F(AttentionTest, TwoRunsAreEqualBitForBit) {
  const auto q = OnDevice(at::randn({1, 24, 1536, 128}), at::kBFloat16);
  EXPECT_TRUE(kernels::Attention(q, q, q).equal(kernels::Attention(q, q, q)));
}

}  // namespace
}  // namespace hanga::gpu
