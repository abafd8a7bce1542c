// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A dense layer. It owns its weight's slot and is the one place that knows how the weight is
// stored.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>

#include "worker/kernels/linear.h"
#include "worker/layers/module.h"
#include "worker/layers/side_product.h"

namespace hanga {

using kernels::Activation;

// Some outputs of a dense layer as a product of their own.
struct LinearPart {
  at::Tensor weight, scales, bias;
  const SideProduct* side = nullptr;
  int64_t first = 0;  // output

  at::Tensor operator()(const kernels::Rows& x, Activation activation = Activation::kNone) const {
    if (side != nullptr) return Adapted(x, activation);
    return kernels::Linear(x, {weight, scales}, bias, activation);
  }
  // The same into a slice of a larger tensor.
  void Into(const at::Tensor& out, const kernels::Rows& x,
            Activation activation = Activation::kNone) const {
    if (side != nullptr) {
      out.copy_(Adapted(x, activation));
    } else {
      kernels::LinearInto(x, {weight, scales}, bias, activation, out);
    }
  }
  at::Tensor Plus(const at::Tensor& residual, const kernels::Rows& x) const {
    if (side != nullptr) return residual + Adapted(x, Activation::kNone);
    return kernels::LinearPlus(x, {weight, scales}, bias, residual);
  }

 private:
  at::Tensor Adapted(const kernels::Rows& x, Activation activation) const;
};

struct Linear {
  Linear(const Scope& w, int64_t in, int64_t out, bool has_bias = true) {
    w.DeclareProduct({out, in}, &weight, &side);
    if (has_bias) w.Declare("bias", {out}, &bias);
  }
  Linear(const Linear&) = delete;

  // [..., in] -> [..., out]
  at::Tensor operator()(const kernels::Rows& x, Activation activation = Activation::kNone) const {
    if (side != nullptr) return Whole()(x, activation);
    return kernels::Linear(x, {weight, scales}, bias, activation);
  }

  // The same into a slice of a larger tensor.
  void Into(const at::Tensor& out, const kernels::Rows& x,
            Activation activation = Activation::kNone) const {
    if (side != nullptr) return Whole().Into(out, x, activation);
    kernels::LinearInto(x, {weight, scales}, bias, activation, out);
  }
  // Added to `residual`, in the same pass.
  at::Tensor Plus(const at::Tensor& residual, const kernels::Rows& x) const {
    return Whole().Plus(residual, x);
  }

  // The form of its input that costs no pass of its own.
  kernels::RowForm form() const {
    return scales.defined() ? kernels::RowForm::kFp8 : kernels::RowForm::kPlain;
  }

  // Some of the outputs, [first, first + count).
  LinearPart Outputs(int64_t first, int64_t count) const {
    const auto part = [&](const at::Tensor& t) {
      return t.defined() ? t.narrow(0, first, count) : at::Tensor();
    };
    return {part(weight), part(scales), part(bias), side, first};
  }

  at::Tensor weight, scales, bias;    // scales: of a weight in 8 bits
  const SideProduct* side = nullptr;  // what adapters add

 protected:
  struct InFp8 {};
  Linear(const Scope& w, int64_t in, int64_t out, InFp8) {
    w.DeclareProduct({out, in}, &weight, &side, &scales);
    w.Declare("bias", {out}, &bias);
  }

 private:
  LinearPart Whole() const { return {weight, scales, bias, side}; }
};

// Weights [N, K] of layers with one input that lie behind each other in memory, as those of a block
// do on a GPU: all of them as one, [sum of N, K]. Undefined where they lie apart, or a layer has a
// bias or adapters.
at::Tensor SideBySide(std::initializer_list<const Linear*> layers);

// One whose weight is kept in 8 bits where the model is asked to: those that most of a model's time
// goes to, and whose rounding its pictures bear.
struct QuantizableLinear : Linear {
  QuantizableLinear(const Scope& w, int64_t in, int64_t out) : Linear(w, in, out, InFp8()) {}
};

}  // namespace hanga
