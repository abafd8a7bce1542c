// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Matrix products with what surrounds them: bias, activation, and a place for the result.
#pragma once

#include <ATen/core/Tensor.h>

namespace hanga::kernels {

enum class Activation { kNone, kGeluTanh };

// activation(x · weightᵀ + bias). x [..., K] with rows of any stride; weight [N, K] contiguous;
// bias [N] or undefined -> [..., N]. Sums are float32.
at::Tensor Linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  Activation activation = Activation::kNone);

// The same into `out` [..., N], whose rows may lie apart: a slice of a larger tensor.
void LinearInto(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                Activation activation, const at::Tensor& out);

}  // namespace hanga::kernels
