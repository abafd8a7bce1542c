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
  at::Tensor operator()(const kernels::Rows& x, Activation activation = Activation::kNone) const {
    return kernels::Linear(x, {weight, scales}, bias, activation);
  }

  // The same into a slice of a larger tensor.
  void Into(const at::Tensor& out, const kernels::Rows& x,
            Activation activation = Activation::kNone) const {
    kernels::LinearInto(x, {weight, scales}, bias, activation, out);
  }

  // The form of its input that costs no pass of its own.
  kernels::RowForm form() const {
    return scales.defined() ? kernels::RowForm::kFp8 : kernels::RowForm::kPlain;
  }

  // Some of the outputs, [first, first + count), as a product of their own.
  struct Part {
    at::Tensor weight, scales, bias;

    at::Tensor operator()(const kernels::Rows& x, Activation activation = Activation::kNone) const {
      return kernels::Linear(x, {weight, scales}, bias, activation);
    }
    void Into(const at::Tensor& out, const kernels::Rows& x,
              Activation activation = Activation::kNone) const {
      kernels::LinearInto(x, {weight, scales}, bias, activation, out);
    }
  };
  Part Outputs(int64_t first, int64_t count) const {
    const auto part = [&](const at::Tensor& t) {
      return t.defined() ? t.narrow(0, first, count) : at::Tensor();
    };
    return {part(weight), part(scales), part(bias)};
  }

  at::Tensor weight, scales, bias;  // scales: of a weight in 8 bits

 protected:
  struct InFp8 {};
  Linear(const Scope& w, int64_t in, int64_t out, InFp8) {
    w.Declare("weight", {out, in}, &weight, &scales);
    w.Declare("bias", {out}, &bias);
  }
};

// One whose weight is kept in 8 bits where the model is asked to: those that most of a model's time
// goes to, and whose rounding its pictures bear.
struct QuantizableLinear : Linear {
  QuantizableLinear(const Scope& w, int64_t in, int64_t out) : Linear(w, in, out, InFp8()) {}
};

}  // namespace hanga
