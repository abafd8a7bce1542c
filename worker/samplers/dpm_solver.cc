// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/dpm_solver.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hanga {

using Algorithm = DpmSolverOptions::Algorithm;

at::Tensor DpmSolver::Convert(const at::Tensor& output, const at::Tensor& sample) const {
  return options_.algorithm == Algorithm::kNoise ? Noise(output, sample) : Picture(output, sample);
}

at::Tensor DpmSolver::Integrate(const at::Tensor& sample, int64_t from, const Derivatives& d,
                                const at::Tensor& fresh) const {
  const Level to = LevelAt(step_ + 1), at = LevelAt(from);
  const float h = to.lambda - at.lambda;
  const bool heun = options_.type == DpmSolverOptions::Type::kHeun || d.second.defined();
  // x = keep * sample + scale * (e * value + (midpoint: e / 2, else the exact weight) * first ...)
  at::Tensor x;
  switch (options_.algorithm) {
    case Algorithm::kPlusPlus: {
      const float e = std::exp(-h) - 1;
      x = to.sigma / at.sigma * sample - to.alpha * e * d.value;
      if (d.first.defined())
        x = heun ? x + to.alpha * (e / h + 1) * d.first : x - 0.5f * to.alpha * e * d.first;
      if (d.second.defined()) x = x - to.alpha * ((e + h) / (h * h) - 0.5f) * d.second;
      return x;
    }
    case Algorithm::kSdePlusPlus: {
      const float e = 1 - std::exp(-2 * h), h2 = 2 * h;
      x = to.sigma / at.sigma * std::exp(-h) * sample + to.alpha * e * d.value;
      if (d.first.defined())
        x = heun ? x + to.alpha * (e / -h2 + 1) * d.first : x + 0.5f * to.alpha * e * d.first;
      if (d.second.defined()) x = x + to.alpha * ((e - h2) / (h2 * h2) - 0.5f) * d.second;
      return x + to.sigma * std::sqrt(e) * fresh;
    }
    case Algorithm::kNoise:
      break;
  }
  const float e = std::exp(h) - 1;
  x = to.alpha / at.alpha * sample - to.sigma * e * d.value;
  if (d.first.defined())
    x = heun ? x - to.sigma * (e / h - 1) * d.first : x - 0.5f * to.sigma * e * d.first;
  if (d.second.defined()) x = x - to.sigma * ((e - h) / (h * h) - 0.5f) * d.second;
  return x;
}

at::Tensor DpmSolverMultistep::Step(const at::Tensor& output, const at::Tensor& sample,
                                    NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  constexpr int64_t kFewSteps = 15;  // below it the last steps are of lower order
  const bool few = options_.lower_order_final && steps() < kFewSteps;
  const int64_t left = steps() - step_;
  const at::Tensor x = sample.to(at::kFloat);
  const int64_t known = static_cast<int64_t>(history_.size());
  Remember(Convert(output, x), history_limit());
  at::Tensor fresh;
  if (draws_noise()) fresh = noise.Draw(x.sizes()).to(x.device());

  int64_t order = std::min(options_.order, known + 1);
  if (left == 1 && (options_.euler_at_final || few || !config_.ends_at_sigma_min)) order = 1;
  if (left == 2 && few) order = std::min<int64_t>(order, 2);

  const auto past = [&](int64_t back) { return history_[history_.size() - 1 - back]; };
  Derivatives d{past(0), {}, {}};
  if (order > 1) {
    const float h = LevelAt(step_ + 1).lambda - LevelAt(step_).lambda;
    const float r0 = (LevelAt(step_).lambda - LevelAt(step_ - 1).lambda) / h;
    d.first = (past(0) - past(1)) / r0;
    if (order > 2) {
      const float r1 = (LevelAt(step_ - 1).lambda - LevelAt(step_ - 2).lambda) / h;
      const at::Tensor bend = d.first - (past(1) - past(2)) / r1;
      d.first = d.first + r0 / (r0 + r1) * bend;
      d.second = bend / (r0 + r1);
    }
  }
  const at::Tensor moved = Integrate(x, step_, d, fresh);
  ++step_;
  return moved.to(output.scalar_type());
}

at::Tensor DpmSolverSinglestep::Step(const at::Tensor& output, const at::Tensor& sample,
                                     NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const at::Tensor x = sample.to(at::kFloat), value = Convert(output, x);
  at::Tensor fresh, moved;
  if (draws_noise()) fresh = noise.Draw(x.sizes()).to(x.device());
  // An odd count of steps ends with a single one; so does a walk that ends at level 0.
  const bool second = options_.order > 1 && !history_.empty();
  const bool pairs_end = step_ + 1 == steps() && !config_.ends_at_sigma_min;
  if (second && !pairs_end) {
    const float begin = LevelAt(step_ - 1).lambda;
    const float r0 = (LevelAt(step_).lambda - begin) / (LevelAt(step_ + 1).lambda - begin);
    moved = Integrate(history_[1], step_ - 1, {history_[0], (value - history_[0]) / r0, {}}, fresh);
    history_.clear();
  } else {
    moved = Integrate(x, step_, {value, {}, {}}, fresh);
    history_ = {value, x};
  }
  ++step_;
  return moved.to(output.scalar_type());
}

}  // namespace hanga
