// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Normalisations with learned weights.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/rms_norm.h>

#include <string_view>

#include "worker/kernels/group_norm_silu.h"
#include "worker/layers/module.h"

namespace hanga {

// Over the last dimension, in float32 whatever x is.
struct RmsNorm {
  RmsNorm(const Scope& w, int64_t dim, double eps = 1e-6, std::string_view leaf = "weight")
      : eps(eps) {
    w.Declare(leaf, {dim}, &scale);
  }
  RmsNorm(const RmsNorm&) = delete;
  at::Tensor operator()(const at::Tensor& x) const {
    return at::rms_norm(x, {x.size(-1)}, scale, eps);
  }

  double eps;
  at::Tensor scale;
};

struct LayerNorm {
  LayerNorm(const Scope& w, int64_t dim, double eps) : eps(eps) {
    w.Declare("weight", {dim}, &weight);
    w.Declare("bias", {dim}, &bias);
  }
  LayerNorm(const LayerNorm&) = delete;
  at::Tensor operator()(const at::Tensor& x) const {
    return at::layer_norm(x, {x.size(-1)}, weight, bias, eps);
  }

  double eps;
  at::Tensor weight, bias;
};

// Over the channels of a picture, [B, C, H, W].
struct GroupNorm {
  GroupNorm(const Scope& w, int64_t channels, int64_t groups, double eps)
      : groups(groups), eps(eps) {
    w.Declare("weight", {channels}, &weight);
    w.Declare("bias", {channels}, &bias);
  }
  GroupNorm(const GroupNorm&) = delete;
  at::Tensor operator()(const at::Tensor& x) const {
    return kernels::GroupNorm(x, groups, weight, bias, eps);
  }
  // silu of it; x_bias: that of the convolution before, where it is still to be added.
  at::Tensor ThenSilu(const at::Tensor& x, const at::Tensor& x_bias = {}) const {
    return kernels::GroupNormSilu(x, groups, weight, bias, eps, x_bias);
  }

  int64_t groups;
  double eps;
  at::Tensor weight, bias;
};

}  // namespace hanga
