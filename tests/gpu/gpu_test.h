// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What every test of the device needs: a device or a skip, full float32, comparison with the CPU.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAFunctions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace hanga::gpu {

class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (c10::cuda::device_count() == 0) GTEST_SKIP() << "this machine has no CUDA device";
    at::globalContext().setAllowTF32CuBLAS(false);
    at::globalContext().setAllowTF32CuDNN(false);
    at::manual_seed(20);
  }
  void TearDown() override {
    for (const auto& [type, error] : worst_)
      std::printf("             worst error, %s: %.1e\n", c10::toString(type), error);
  }

  // |got - expected| <= tolerance * (1 + |expected|) everywhere; NaN fails.
  void ExpectClose(const at::Tensor& got, const at::Tensor& expected, double tolerance) {
    ASSERT_EQ(got.sizes(), expected.sizes());
    if (got.numel() == 0) return;
    const auto e = expected.cpu().to(at::kDouble);
    const auto error = ((got.cpu().to(at::kDouble) - e).abs() / (1 + e.abs())).max().item<double>();
    EXPECT_LE(error, tolerance) << got.scalar_type() << ' ' << got.sizes();
    double& worst = worst_[got.scalar_type()];
    worst = std::max(worst, error);
  }
  // The same for a whole network: the error's norm against the result's.
  void ExpectNear(const at::Tensor& got, const at::Tensor& expected, double tolerance) {
    ASSERT_EQ(got.sizes(), expected.sizes());
    const auto e = expected.cpu().to(at::kDouble);
    const double error = ((got.cpu().to(at::kDouble) - e).norm() / e.norm()).item<double>();
    EXPECT_LE(error, tolerance) << got.scalar_type() << ' ' << got.sizes();
    double& worst = worst_[got.scalar_type()];
    worst = std::max(worst, error);
  }

 private:
  const c10::InferenceMode inference_;
  std::map<at::ScalarType, double> worst_;
};

// The element types of the kernels, and how far a result may lie from float32's: a rounding or two
// of the type itself.
struct Precision {
  at::ScalarType type;
  double tolerance;
};
constexpr Precision kPrecisions[] = {
    {at::kFloat, 1e-5}, {at::kHalf, 2e-3}, {at::kBFloat16, 1.6e-2}};

// Values that `type` holds exactly, on the CPU in float32: both sides see the same numbers.
inline at::Tensor Random(at::IntArrayRef shape, at::ScalarType type) {
  return at::randn(shape).to(type).to(at::kFloat);
}
inline at::Tensor OnDevice(const at::Tensor& t, at::ScalarType type) {
  return t.defined() ? t.to(at::device(at::kCUDA).dtype(type)) : t;
}

}  // namespace hanga::gpu
