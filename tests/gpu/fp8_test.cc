// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/gpu/tiny_runs.h"
#include "worker/kernels/copy_rows.h"
#include "worker/kernels/gated_residual.h"
#include "worker/kernels/layer_norm_modulate.h"
#include "worker/kernels/linear.h"
#include "worker/kernels/quantize_rows.h"
#include "worker/weights/loader.h"

namespace hanga::gpu {
namespace {

using at::Tensor;
using kernels::Rows;

class Fp8Test : public GpuTest {
 protected:
  // Equal but for numbers that lie between two of the format, which either side may round.
  void ExpectSame(const Rows& got, const Rows& expected) {
    ExpectClose(got.scales, expected.scales, 1e-2);
    const Tensor a = kernels::Dequantize(got, at::kFloat).cpu();
    const Tensor b = kernels::Dequantize({expected.values, expected.scales}, at::kFloat);
    ASSERT_EQ(a.sizes(), b.sizes());
    const Tensor step = at::maximum(b.abs() / 7, expected.scales.unsqueeze(-1) / 256);
    EXPECT_TRUE(((a - b).abs() <= step).all().item<bool>()) << a.sizes();
  }
};

TEST_F(Fp8Test, RowsAgreeWithTheCpuBitForBit) {
  for (const Precision& p : kPrecisions)
    for (const auto& [batch, rows, channels] : {std::array<int64_t, 3>{1, 1, 8},
                                                {2, 3, 40},
                                                {1, 9, 3072},
                                                {1, 3, 15360},
                                                {2, 2, 27648},
                                                {1, 2, 40000},
                                                {1, 5, 13}}) {
      const Tensor x = Random({batch, rows, channels}, p.type);
      const Rows got = kernels::QuantizeRows(OnDevice(x, p.type)),
                 expected = kernels::QuantizeRows(x);
      EXPECT_TRUE(got.scales.cpu().allclose(expected.scales, 1e-6));
      ExpectSame(got, expected);
    }
}

TEST_F(Fp8Test, RowsSideBySideAgree) {
  for (const Precision& p : kPrecisions) {
    const Tensor left = Random({2, 5, 24}, p.type), right = 3 * Random({2, 5, 104}, p.type);
    const Tensor wide = OnDevice(at::cat({right, right}, -1), p.type);
    ExpectSame(kernels::QuantizeBeside(OnDevice(left, p.type), wide.narrow(-1, 0, 104)),
               kernels::QuantizeBeside(left, right));
  }
}

TEST_F(Fp8Test, NormsAgree) {
  for (const Precision& p : kPrecisions)
    for (const int64_t channels : {64, 256, 3072, 3080}) {
      const Tensor x = Random({2, 7, channels}, p.type), y = Random({2, 7, channels}, p.type);
      const Tensor m = Random({2, 3, channels}, p.type), dm = OnDevice(m, p.type);
      const auto part = [](const Tensor& t, int64_t i) { return t.narrow(1, i, 1); };
      ExpectSame(kernels::LayerNormModulate(OnDevice(x, p.type), part(dm, 0), part(dm, 1),
                                            kernels::RowForm::kFp8),
                 kernels::LayerNormModulate(x, part(m, 0), part(m, 1), kernels::RowForm::kFp8));
      const auto got =
          kernels::GatedResidualModulate(OnDevice(x, p.type), part(dm, 2), OnDevice(y, p.type),
                                         part(dm, 0), part(dm, 1), kernels::RowForm::kFp8);
      ExpectClose(got.residual, kernels::GatedResidual(x, part(m, 2), y), p.tolerance);
      // The norm is that of the sum as it is stored.
      const Tensor stored = got.residual.cpu().to(at::kFloat);
      ExpectSame(got.normalized, kernels::LayerNormModulate(stored, part(m, 0), part(m, 1),
                                                            kernels::RowForm::kFp8));
    }
}

TEST_F(Fp8Test, ProductsAgreeOnTheSameOperands) {
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf, at::kFloat})
    for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 32, 64},
                                  {7, 64, 256},
                                  {129, 96, 48},
                                  {512, 3072, 3072},
                                  {33, 40, 24}}) {
      const Tensor x = Random({m, k}, type), bias = Random({n}, type);
      const Rows w = kernels::QuantizeRows(at::randn({n, k}) / std::sqrt(k));
      const Rows rows = kernels::QuantizeRows(x);
      const auto device = [](const Rows& r) { return Rows(r.values.cuda(), r.scales.cuda()); };
      for (const auto activation : {kernels::Activation::kNone, kernels::Activation::kGeluTanh}) {
        const Tensor got =
            kernels::Linear(device(rows), device(w), OnDevice(bias, type), activation);
        EXPECT_EQ(got.scalar_type(), type);
        ExpectNear(got, kernels::Linear(rows, w, bias, activation), 1e-2);
      }
    }
}

// A value that lies near the middle between two of the format may be rounded either way, and that
// spreads: a step is as far from bfloat16 as on the CPU, and repeats itself bit for bit.
TEST_F(Fp8Test, AStepIsAsExactAsOnTheCpu) {
  FluxParams p = SmallFlux();
  const auto blocks = MakeFlux(p), reference = MakeFlux(p);
  testing::FillRandomly(blocks.Weights());
  FillFor(blocks, at::kBFloat16, 0.5 / std::sqrt(p.hidden));
  const std::vector<BlockWeights*> from = blocks.Weights(), to = reference.Weights();
  for (size_t i = 0; i < from.size(); ++i)
    for (size_t j = 0; j < from[i]->slots.size(); ++j)
      *to[i]->slots[j].tensor = from[i]->slots[j].tensor->clone();
  const FluxState inputs = SmallFluxInputs(p, 2, 8, 12, at::kBFloat16);
  const auto run = [](const BlockList<FluxState>& list, FluxState s) {
    list.Run(s);
    return s.img.cpu().to(at::kFloat);
  };
  const auto on_device = OnDevice(inputs, at::kBFloat16);
  const auto error = [](const Tensor& a, const Tensor& b) { return (a - b).norm().item<double>(); };
  const Tensor exact = run(reference, inputs);
  QuantizeBlocks(reference.Weights());
  const double expected = error(run(reference, inputs), exact);
  MoveToDevice(blocks, at::kBFloat16);
  QuantizeBlocks(blocks.Weights());
  const Tensor got = run(blocks, on_device);
  EXPECT_GT(expected, 0);
  EXPECT_NEAR(error(got, exact), expected, 0.2 * expected);
  EXPECT_TRUE(got.equal(run(blocks, on_device)));
  std::printf("             8 bits, of the result's norm: %.1e\n",
              expected / exact.norm().item<double>());
}

TEST_F(Fp8Test, CopiedRowsAreEqualAndTheOthersLeftAlone) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16})
    for (const int64_t channels : {8, 24, 3072, 13}) {
      const Tensor from = OnDevice(Random({2, 5, channels}, type), type);
      const Tensor whole = at::full({2, 7, channels + 16}, 7, from.options());
      const Tensor slice = whole.narrow(1, 1, 5).narrow(2, 8, channels);
      kernels::CopyRows(from, slice);
      EXPECT_TRUE(slice.equal(from));
      slice.fill_(7);
      EXPECT_TRUE(whole.eq(7).all().item<bool>());
    }
}

}  // namespace
}  // namespace hanga::gpu
