// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/batch_product.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hanga {
namespace {

using Form = ModuleChange::Form;

bool IsPlainPair(const ModuleChange& change) {
  return change.form == Form::kLowRank && !change.gain.defined();
}

// Broadcasts [out] over rows, or over a picture's pixels.
at::Tensor Along(const at::Tensor& channels, const at::Tensor& y, bool picture) {
  return picture ? channels.view({-1, 1, 1}) : channels.expand({y.size(-1)});
}

// A change's product with rows of x, or its convolution; [.., rows] or [B, rows, H', W'].
class ChangeProduct {
 public:
  ChangeProduct(const ModuleChange& change, const std::vector<int64_t>& shape, const at::Tensor& x)
      : change_(change.To(x.device(), x.scalar_type())), shape_(shape) {}

  const at::Tensor& gain() const { return change_.gain; }

  at::Tensor OfRows(const at::Tensor& x) const {
    const at::Tensor &a = change_.a, &b = change_.b;
    if (change_.form == Form::kLowRank) return at::linear(at::linear(x, a), b);
    if (change_.form == Form::kDense) return at::linear(x, a);
    // x as [i1, i2]: its rows by the second factor, then mixed by the first.
    const at::Tensor inner = at::linear(x.unflatten(-1, {a.size(1), b.size(1)}), b);
    return at::matmul(a, inner).flatten(-2);
  }

  at::Tensor OfPicture(const at::Tensor& x, int64_t stride, int64_t padding) const {
    const at::Tensor &a = change_.a, &b = change_.b;
    const int64_t kernel = shape_.size() > 2 ? shape_[2] : 1;
    const auto taps = [&](const at::Tensor& t) { return t.view({t.size(0), -1, kernel, kernel}); };
    if (change_.form == Form::kLowRank) {
      const at::Tensor inner = at::conv2d(x, taps(a), {}, stride, padding);
      return at::conv2d(inner, b.unsqueeze(-1).unsqueeze(-1));
    }
    if (change_.form == Form::kDense) return at::conv2d(x, taps(a), {}, stride, padding);
    const at::Tensor split = x.reshape({x.size(0) * a.size(1), -1, x.size(2), x.size(3)});
    const at::Tensor inner = at::conv2d(split, taps(b), {}, stride, padding);
    const auto grouped = inner.view({x.size(0), a.size(1), -1});
    return at::matmul(a, grouped).view({x.size(0), -1, inner.size(2), inner.size(3)});
  }

 private:
  const ModuleChange change_;  // where x is: a component may run on a device that lends memory
  const std::vector<int64_t>& shape_;
};

}  // namespace

BatchProduct::BatchProduct(const std::vector<int64_t>& weight_shape,
                           const std::vector<std::vector<WeightedChange>>& rows)
    : shape_(weight_shape), row_count_(static_cast<int64_t>(rows.size())) {
  for (int64_t row = 0; row < row_count_; ++row) {
    for (const WeightedChange& weighted : rows[row]) {
      const bool other = weighted.change->form != Form::kNone && !IsPlainPair(*weighted.change);
      if (other) others_.push_back({shared() ? -1 : row, weighted});
    }
  }
  Stack(rows);
}

void BatchProduct::Stack(const std::vector<std::vector<WeightedChange>>& rows) {
  int64_t rank = 0;
  at::Tensor like;
  bool biased = false;
  for (const auto& row : rows) {
    int64_t own = 0;
    for (const auto& [change, strength] : row) {
      if (IsPlainPair(*change)) own += change->a.size(0), like = change->a;
      if (change->bias.defined()) biased = true, like = change->bias;
    }
    rank = std::max(rank, own);
  }
  if (rank > 0) {
    int64_t columns = 1;
    for (size_t i = 1; i < shape_.size(); ++i) columns *= shape_[i];
    down_ = at::zeros({row_count_, rank, columns}, like.options());
    up_ = at::zeros({row_count_, shape_[0], rank}, like.options());
  }
  if (biased) bias_ = at::zeros({row_count_, shape_[0]}, like.options());
  for (int64_t row = 0; row < row_count_; ++row) {
    int64_t at = 0;
    for (const auto& [change, strength] : rows[row]) {
      if (IsPlainPair(*change)) {
        const int64_t own = change->a.size(0);
        down_[row].narrow(0, at, own).copy_(change->a);
        up_[row]
            .narrow(0, change->first_row, change->rows)
            .narrow(1, at, own)
            .copy_(change->b * strength);
        at += own;
      }
      if (change->bias.defined())
        bias_[row].narrow(0, change->first_row, change->rows).add_(change->bias, strength);
    }
  }
}

// In place: a pass over y less than a sum of its own.
at::Tensor BatchProduct::AddToRows(const at::Tensor& x, at::Tensor y, const at::Tensor& bias,
                                   int64_t first) const {
  const int64_t count = y.size(-1);
  TORCH_CHECK(shared() || x.size(0) == row_count_, "adapters of ", row_count_, " rows for ",
              x.size(0));
  y = y.contiguous();
  // The others need the plain product.
  if (!others_.empty()) AddOthers(x, y, bias, first, 0, 0);
  if (up_.defined()) {
    const at::Tensor down = down_.to(x.device()), up = up_.to(x.device()).narrow(1, first, count);
    if (shared()) {
      const at::Tensor inner = at::linear(x, down[0]).flatten(0, -2);
      y.view({-1, count}).addmm_(inner, up[0].t());
    } else {
      const auto rows = [](const at::Tensor& t) { return t.dim() == 2 ? t.unsqueeze(1) : t; };
      const at::Tensor inner = at::bmm(rows(x), down.transpose(1, 2));
      rows(y).baddbmm_(inner, up.transpose(1, 2));
    }
  }
  if (bias_.defined()) {
    const at::Tensor added = bias_.to(x.device()).narrow(1, first, count);
    y.add_(shared() ? added[0] : y.dim() == 2 ? added : added.unsqueeze(1));
  }
  return y;
}

at::Tensor BatchProduct::AddToPicture(const at::Tensor& x, at::Tensor y, const at::Tensor& bias,
                                      int64_t stride, int64_t padding) const {
  TORCH_CHECK(shared() || x.size(0) == row_count_, "adapters of ", row_count_, " rows for ",
              x.size(0));
  if (!others_.empty()) AddOthers(x, y, bias, 0, stride, padding);
  if (up_.defined()) {
    const int64_t kernel = shape_.size() > 2 ? shape_[2] : 1;
    // Rows with their own kernels are the groups of one convolution.
    const bool own = !shared();
    const int64_t groups = own ? row_count_ : 1;
    const at::Tensor down = down_.to(x.device()).view({-1, shape_[1], kernel, kernel});
    const at::Tensor up = up_.to(x.device()).flatten(0, 1).unsqueeze(-1).unsqueeze(-1);
    const at::Tensor grouped = own ? x.reshape({1, -1, x.size(2), x.size(3)}) : x;
    const at::Tensor inner = at::conv2d(grouped, down, {}, stride, padding, 1, groups);
    const int64_t no_padding = 0;
    y.add_(at::conv2d(inner, up, {}, 1, no_padding, 1, groups).view_as(y));
  }
  if (bias_.defined()) y.add_(bias_.to(x.device()).unsqueeze(-1).unsqueeze(-1));
  return y;
}

void BatchProduct::AddOthers(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias,
                             int64_t first, int64_t stride, int64_t padding) const {
  const bool picture = y.dim() == 4;
  const int64_t channel = picture ? 1 : -1;
  const int64_t count = y.size(channel);
  const bool any_gain = std::any_of(others_.begin(), others_.end(), [](const Other& other) {
    return other.weighted.change->gain.defined();
  });
  at::Tensor plain;  // the product without the bias
  if (any_gain) plain = bias.defined() ? y - Along(bias, y, picture) : y.clone();
  for (const auto& [row, weighted] : others_) {
    const ModuleChange& change = *weighted.change;
    const auto of_row = [row = row](const at::Tensor& t) {
      return row < 0 ? t : t.narrow(0, row, 1);
    };
    // The outputs that are asked for and that are changed.
    const int64_t begin = std::max(first, change.first_row);
    const int64_t end = std::min(first + count, change.first_row + change.rows);
    if (begin >= end) continue;
    const ChangeProduct product(change, shape_, x);
    at::Tensor added =
        picture ? product.OfPicture(of_row(x), stride, padding) : product.OfRows(of_row(x));
    added = added.narrow(channel, begin - change.first_row, end - begin);
    if (change.gain.defined()) {
      const at::Tensor gain =
          Along(product.gain().narrow(0, begin - change.first_row, end - begin), added, picture);
      const at::Tensor base = of_row(plain).narrow(channel, begin - first, end - begin);
      added = gain * (base + added) - base;
    }
    of_row(y).narrow(channel, begin - first, end - begin).add_(added, weighted.strength);
  }
}

uint64_t BatchProduct::bytes() const {
  uint64_t sum = 0;
  for (const at::Tensor* t : {&down_, &up_, &bias_}) sum += t->defined() ? t->nbytes() : 0;
  return sum;
}

}  // namespace hanga
