// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Comparison of a kernel's result with its formula in float64.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hanga::kernels::testing {

// |got - expected| <= tolerance * (1 + |expected|) everywhere; NaN fails.
inline void ExpectClose(const at::Tensor& got, const at::Tensor& expected,
                        double tolerance = 1e-5) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  if (got.numel() == 0) return;
  const auto e = expected.cpu().to(at::kDouble);
  const auto error = (got.cpu().to(at::kDouble) - e).abs() / (1 + e.abs());
  EXPECT_LE(error.max().item<double>(), tolerance) << got.sizes();
}

inline at::Tensor Double(const at::Tensor& t) { return t.to(at::kDouble); }

}  // namespace hanga::kernels::testing
