// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A dense layer. It owns its weight's slot and is the one place that knows how the weight is
// stored.
#pragma once

#include <ATen/core/Tensor.h>

#include "worker/kernels/linear.h"
#include "worker/layers/module.h"

namespace hanga {

using kernels::Activation;

struct Linear {
  Linear(const Scope& w, int64_t in, int64_t out, bool has_bias = true) {
    w.Declare("weight", {out, in}, &weight);
    if (has_bias) w.Declare("bias", {out}, &bias);
  }
  Linear(const Linear&) = delete;

  // [..., in] -> [..., out]
  at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::kNone) const {
    return kernels::Linear(x, weight, bias, activation);
  }

  // The same into a slice of a larger tensor.
  void Into(const at::Tensor& out, const at::Tensor& x,
            Activation activation = Activation::kNone) const {
    kernels::LinearInto(x, weight, bias, activation, out);
  }

  // Some of the outputs, [first, first + count), as a product of their own.
  struct Part {
    at::Tensor weight, bias;

    at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::kNone) const {
      return kernels::Linear(x, weight, bias, activation);
    }
    void Into(const at::Tensor& out, const at::Tensor& x,
              Activation activation = Activation::kNone) const {
      kernels::LinearInto(x, weight, bias, activation, out);
    }
  };
  Part Outputs(int64_t first, int64_t count) const {
    return {weight.narrow(0, first, count),
            bias.defined() ? bias.narrow(0, first, count) : at::Tensor()};
  }

  at::Tensor weight, bias;
};

}  // namespace hanga
