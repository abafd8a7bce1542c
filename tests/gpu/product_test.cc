// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/gpu/gpu_test.h"
#include "worker/kernels/cuda_context.h"
#include "worker/kernels/linear.h"

namespace hanga::gpu {
namespace {

using at::Tensor;
using kernels::Activation;

constexpr std::array<int64_t, 3> kShapes[] = {  // m, n, k
    {1, 8, 8}, {1, 3072, 256}, {7, 13, 21}, {129, 64, 33}, {77, 768, 96}, {512, 96, 1024}};

class ProductTest : public GpuTest {
 protected:
  // Results have the size of a normal variable whatever k is.
  static Tensor Weight(int64_t n, int64_t k, at::ScalarType type) {
    return (at::randn({n, k}) / std::sqrt(k)).to(type).to(at::kFloat);
  }

  template <typename Check>
  void ForEveryEpilogue(Check&& check) {
    for (const Precision& p : kPrecisions)
      for (const auto& [m, n, k] : kShapes)
        for (const Activation activation : {Activation::kNone, Activation::kGeluTanh})
          for (const Tensor& bias : {Tensor(), Random({n}, p.type)})
            check(p, Random({m, k}, p.type), Weight(n, k, p.type), bias, activation);
  }
};

TEST_F(ProductTest, LinearAgreesWithTheCpu) {
  ForEveryEpilogue([&](const Precision& p, const Tensor& x, const Tensor& weight,
                       const Tensor& bias, Activation activation) {
    ExpectClose(kernels::Linear(OnDevice(x, p.type), OnDevice(weight, p.type),
                                OnDevice(bias, p.type), activation),
                kernels::Linear(x, weight, bias, activation), p.tolerance);
  });
}

TEST_F(ProductTest, LinearIntoColumnsAgreesAndLeavesTheOthersAlone) {
  ForEveryEpilogue([&](const Precision& p, const Tensor& x, const Tensor& weight,
                       const Tensor& bias, Activation activation) {
    const int64_t n = weight.size(0);
    const auto whole = at::full({x.size(0), n + 24}, 7, at::device(at::kCUDA).dtype(p.type));
    kernels::LinearInto(OnDevice(x, p.type), OnDevice(weight, p.type), OnDevice(bias, p.type),
                        activation, whole.narrow(-1, 8, n));
    ExpectClose(whole.narrow(-1, 8, n), kernels::Linear(x, weight, bias, activation), p.tolerance);
    EXPECT_TRUE(whole.narrow(-1, 0, 8).eq(7).all().item<bool>());
    EXPECT_TRUE(whole.narrow(-1, 8 + n, 16).eq(7).all().item<bool>());
  });
}

TEST_F(ProductTest, LinearIntoRowsOfEveryBatchElementAgrees) {
  for (const Precision& p : kPrecisions) {
    const auto x = Random({3, 5, 64}, p.type), weight = Weight(32, 64, p.type);
    const auto whole = at::full({3, 9, 32}, 7, at::device(at::kCUDA).dtype(p.type));
    kernels::LinearInto(OnDevice(x, p.type), OnDevice(weight, p.type), {}, Activation::kNone,
                        whole.narrow(1, 2, 5));
    ExpectClose(whole.narrow(1, 2, 5), kernels::Linear(x, weight, {}), p.tolerance);
    EXPECT_TRUE(whole.narrow(1, 0, 2).eq(7).all().item<bool>());
    EXPECT_TRUE(whole.narrow(1, 7, 2).eq(7).all().item<bool>());
  }
}

TEST_F(ProductTest, LinearPlusAgreesWithTheCpuAndLeavesTheResidualAlone) {
  for (const Precision& p : kPrecisions)
    for (const auto& [m, n, k] : kShapes)
      for (const Tensor& bias : {Tensor(), Random({n}, p.type)}) {
        const auto x = Random({m, k}, p.type), weight = Weight(n, k, p.type);
        const auto residual = Random({m, n}, p.type), on_device = OnDevice(residual, p.type);
        ExpectClose(kernels::LinearPlus(OnDevice(x, p.type), OnDevice(weight, p.type),
                                        OnDevice(bias, p.type), on_device),
                    kernels::LinearPlus(x, weight, bias, residual), p.tolerance);
        EXPECT_TRUE(on_device.equal(OnDevice(residual, p.type)));
      }
}

kernels::MatmulArguments Arguments(const Tensor& x, const Tensor& weight, const Tensor& out) {
  return {.type = kernels::ElementTypeOf(x),
          .m = x.size(0),
          .n = weight.size(0),
          .k = x.size(1),
          .x = x.const_data_ptr(),
          .x_stride = x.stride(0),
          .weight = weight.const_data_ptr(),
          .bias = nullptr,
          .out = out.mutable_data_ptr(),
          .out_stride = out.stride(0),
          .gelu = false};
}

TEST_F(ProductTest, ChoicesSurviveATripThroughText) {
  const auto x = OnDevice(at::randn({300, 512}), at::kBFloat16), weight = at::randn_like(x);
  const auto measured = at::empty({300, 300}, x.options()), chosen = at::empty_like(measured);
  kernels::Matmul first, second;
  EXPECT_EQ(first.Choices(), "");
  ASSERT_TRUE(first.Run(Arguments(x, weight, measured), kernels::CurrentCudaStream()));
  const std::string lines = first.Choices();
  EXPECT_NE(lines, "");
  second.SetChoices(lines);
  EXPECT_EQ(second.Choices(), lines);
  ASSERT_TRUE(second.Run(Arguments(x, weight, chosen), kernels::CurrentCudaStream()));
  EXPECT_TRUE(chosen.equal(measured));
}

// Timing decides speed, never a result.
TEST_F(ProductTest, TuningUnderLoadChangesNoBit) {
  const auto x = OnDevice(at::randn({4096, 2048}), at::kBFloat16),
             weight = OnDevice(at::randn({4096, 2048}), at::kBFloat16);
  const auto expected = at::empty({4096, 4096}, x.options()), out = at::empty_like(expected);
  kernels::Matmul quick, tuned;
  ASSERT_TRUE(quick.Run(Arguments(x, weight, expected), kernels::CurrentCudaStream()));
  tuned.SetChoices(quick.Choices());
  const size_t before = tuned.revision();
  tuned.set_tuning(kernels::ProductTuning::kSustained);
  ASSERT_TRUE(tuned.Run(Arguments(x, weight, out), kernels::CurrentCudaStream()));
  EXPECT_TRUE(out.equal(expected));
  EXPECT_GT(tuned.revision(), before);  // measured, though a choice was known
}

TEST_F(ProductTest, DamagedChoicesArePassedOver) {
  const auto x = OnDevice(at::randn({40, 64}), at::kBFloat16), weight = at::randn_like(x);
  const auto expected = at::empty({40, 40}, x.options()), out = at::empty_like(expected);
  kernels::Matmul first, second;
  ASSERT_TRUE(first.Run(Arguments(x, weight, expected), kernels::CurrentCudaStream()));
  const std::string line = first.Choices();
  second.SetChoices("nonsense\n\nanother-card/cublasLt-1 1 2 3\n" +
                    line.substr(0, line.size() / 2) + "\n");
  EXPECT_EQ(second.Choices(), "");

  std::string wrong = line;  // the right length, and no algorithm at all
  std::fill(wrong.end() - 129, wrong.end() - 1, 'f');
  second.SetChoices(wrong);
  ASSERT_TRUE(second.Run(Arguments(x, weight, out), kernels::CurrentCudaStream()));
  EXPECT_TRUE(out.equal(expected));
  EXPECT_NE(second.Choices(), wrong);  // measured anew
}

}  // namespace
}  // namespace hanga::gpu
