// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/unipc.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hanga {
namespace {

// Solves a x = b by elimination with pivots; n <= 3.
std::vector<double> Solve(std::vector<std::vector<double>> a, std::vector<double> b) {
  const size_t n = b.size();
  for (size_t i = 0; i < n; ++i) {
    size_t pivot = i;
    for (size_t r = i + 1; r < n; ++r) {
      if (std::abs(a[r][i]) > std::abs(a[pivot][i])) pivot = r;
    }
    std::swap(a[i], a[pivot]);
    std::swap(b[i], b[pivot]);
    for (size_t r = i + 1; r < n; ++r) {
      const double factor = a[r][i] / a[i][i];
      for (size_t c = i; c < n; ++c) a[r][c] -= factor * a[i][c];
      b[r] -= factor * b[i];
    }
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t c = i + 1; c < n; ++c) b[i] -= a[i][c] * b[c];
    b[i] /= a[i][i];
  }
  return b;
}

// The first `count` conditions of order on weights at the points r (the paper's R and b).
std::vector<double> Weights(const std::vector<double>& r, size_t count, double hh, double scale) {
  std::vector<std::vector<double>> powers(count, std::vector<double>(count));
  std::vector<double> right(count);
  double phi = std::expm1(hh) / hh - 1, factorial = 1;
  for (size_t i = 0; i < count; ++i) {
    for (size_t k = 0; k < count; ++k) powers[i][k] = std::pow(r[k], static_cast<double>(i));
    right[i] = phi * factorial / scale;
    factorial *= static_cast<double>(i + 2);
    phi = phi / hh - 1 / factorial;
  }
  return Solve(powers, right);
}

}  // namespace

int64_t UniPc::OrderAt(int64_t step, int64_t pictures) const {
  const int64_t order = std::min(options_.order, pictures);
  return options_.lower_order_final ? std::min(order, steps() - step) : order;
}

at::Tensor UniPc::Integrate(const at::Tensor& sample, int64_t from, int64_t order,
                            const at::Tensor& corrects) const {
  const Level at = LevelAt(from), to = LevelAt(from + 1);
  const double h = double{to.lambda} - double{at.lambda}, hh = -h;
  const auto picture = [&](int64_t back) { return history_[history_.size() - 1 - back]; };
  const at::Tensor m0 = picture(0);
  std::vector<double> points;
  std::vector<at::Tensor> differences;
  for (int64_t i = 1; i < order; ++i) {
    points.push_back((double{LevelAt(from - i).lambda} - double{at.lambda}) / h);
    differences.push_back((picture(i) - m0) / points.back());
  }
  if (corrects.defined()) {
    points.push_back(1);
    differences.push_back(corrects - m0);
  }
  const double grown = std::expm1(hh), scale = options_.exponential_scale ? grown : hh;
  // One unknown: the paper takes a half, whatever the scale.
  const std::vector<double> weights =
      points.size() == 1 ? std::vector<double>{0.5} : Weights(points, points.size(), hh, scale);
  at::Tensor x = to.sigma / at.sigma * sample - to.alpha * grown * m0;
  for (size_t i = 0; i < weights.size() && i < differences.size(); ++i)
    x = x - to.alpha * scale * weights[i] * differences[i];
  return x;
}

at::Tensor UniPc::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource&) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  at::Tensor x = sample.to(at::kFloat);
  const at::Tensor picture = Picture(output, x);
  if (history_.empty()) {
    history_ = {x};
  } else {
    const bool corrected = std::find(options_.uncorrected.begin(), options_.uncorrected.end(),
                                     step_ - 1) == options_.uncorrected.end();
    const auto pictures = static_cast<int64_t>(history_.size()) - 1;
    if (corrected) x = Integrate(history_[0], step_ - 1, OrderAt(step_ - 1, pictures), picture);
    history_[0] = x;
  }
  history_.push_back(picture);
  if (history_.size() > history_limit()) history_.erase(history_.begin() + 1);
  const auto pictures = static_cast<int64_t>(history_.size()) - 1;
  const at::Tensor moved = Integrate(x, step_, OrderAt(step_, pictures), {});
  ++step_;
  return moved.to(output.scalar_type());
}

}  // namespace hanga
