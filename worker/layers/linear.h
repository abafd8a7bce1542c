// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A dense layer. It owns its weight's slot and is the one place that knows how the weight is
// stored.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/linear.h>

#include "worker/layers/module.h"

namespace hanga {

struct Linear {
  Linear(const Scope& w, int64_t in, int64_t out, bool has_bias = true) {
    w.Declare("weight", {out, in}, &weight);
    if (has_bias) w.Declare("bias", {out}, &bias);
  }
  Linear(const Linear&) = delete;

  // [..., in] -> [..., out]
  at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

  at::Tensor weight, bias;
};

}  // namespace hanga
