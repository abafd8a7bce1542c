// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Matrix products with what surrounds them: bias, activation, and a place for the result.
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/kernels/rows.h"

namespace hanga::kernels {

enum class Activation { kNone, kGeluTanh };

// activation(x · weightᵀ + bias). x [..., K] with rows of any stride; weight [N, K] contiguous;
// bias [N] or undefined -> [..., N]. Sums are float32. A weight in 8 bits has a bias, whose type
// the result has; x is then in 8 bits too, or is made so first.
at::Tensor Linear(const Rows& x, const Rows& weight, const at::Tensor& bias,
                  Activation activation = Activation::kNone);

// residual + x · weightᵀ + bias, rounded once. residual [..., N] of x's type, its last dimension
// contiguous.
at::Tensor LinearPlus(const Rows& x, const Rows& weight, const at::Tensor& bias,
                      const at::Tensor& residual);

// Linear into `out` [..., N], whose rows may lie apart: a slice of a larger tensor.
void LinearInto(const Rows& x, const Rows& weight, const at::Tensor& bias, Activation activation,
                const at::Tensor& out);

}  // namespace hanga::kernels
