// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/sigma_sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace hanga {
namespace {

// The integral from `from` to `to` of the Lagrange polynomial that is 1 at nodes[k] and 0 at the
// others: two Gauss points are exact up to the third degree.
double LagrangeIntegral(const std::vector<double>& nodes, size_t k, double from, double to) {
  constexpr std::array<double, 2> kPoints = {-0.57735026918962576, 0.57735026918962576};
  double total = 0;
  const double middle = (from + to) / 2, half = (to - from) / 2;
  for (const double point : kPoints) {
    const double x = middle + half * point;
    double product = 1;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i != k) product *= (x - nodes[i]) / (nodes[k] - nodes[i]);
    }
    total += half * product;
  }
  return total;
}

}  // namespace

DiffusionSchedule Doubled(const DiffusionSchedule& schedule) {
  DiffusionSchedule doubled{{schedule.timesteps.front()}, {schedule.sigmas.front()}};
  for (size_t i = 1; i < schedule.timesteps.size(); ++i) {
    doubled.timesteps.insert(doubled.timesteps.end(), 2, schedule.timesteps[i]);
    doubled.sigmas.insert(doubled.sigmas.end(), 2, schedule.sigmas[i]);
  }
  doubled.sigmas.push_back(schedule.sigmas.back());
  return doubled;
}

SigmaSampler::SigmaSampler(const DiffusionConfig& config, DiffusionSchedule schedule)
    : Sampler(std::move(schedule.timesteps), std::move(schedule.sigmas)), config_(config) {}

double SigmaSampler::init_noise_sigma() const {
  const float highest = *std::max_element(sigmas_.begin(), sigmas_.end());
  if (config_.timestep_spacing != TimestepSpacing::kLeading) return highest;
  return std::sqrt(highest * highest + 1);
}

at::Tensor SigmaSampler::ScaleInput(const at::Tensor& sample) const {
  const float sigma = input_sigma();
  return sample / std::sqrt(sigma * sigma + 1);
}

at::Tensor SigmaSampler::Picture(const at::Tensor& output, const at::Tensor& sample,
                                 float sigma) const {
  at::Tensor picture;
  switch (config_.prediction) {
    case Prediction::kSample:
      picture = output.to(at::kFloat);
      break;
    case Prediction::kVelocity: {
      const float variance = sigma * sigma + 1;
      picture = output * (-sigma / std::sqrt(variance)) + sample / variance;
      break;
    }
    default:
      picture = sample - sigma * output;
  }
  if (!config_.clip_sample) return picture;
  return picture.clamp(-config_.clip_sample_range, config_.clip_sample_range);
}

at::Tensor SigmaSampler::Denoised(const at::Tensor& output, const at::Tensor& sample) const {
  return Picture(output, sample.to(at::kFloat), input_sigma());
}

at::Tensor SigmaSampler::AddNoise(const at::Tensor& clean, const at::Tensor& noise) const {
  return clean + noise * input_sigma();
}

at::Tensor Euler::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource&) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const float sigma = sigmas_[step_], next = sigmas_[step_ + 1];
  const at::Tensor x = sample.to(at::kFloat);
  const at::Tensor slope = (x - Picture(output, x, sigma)) / sigma;
  ++step_;
  return (x + slope * (next - sigma)).to(output.scalar_type());
}

at::Tensor EulerAncestral::Step(const at::Tensor& output, const at::Tensor& sample,
                                NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const float sigma = sigmas_[step_], next = sigmas_[step_ + 1];
  const float up = std::sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma));
  const float down = std::sqrt(next * next - up * up);
  const at::Tensor x = sample.to(at::kFloat);
  const at::Tensor slope = (x - Picture(output, x, sigma)) / sigma;
  const at::Tensor fresh = noise.Draw(x.sizes()).to(x.device());
  ++step_;
  return (x + slope * (down - sigma) + fresh * up).to(output.scalar_type());
}

Heun::Heun(const DiffusionConfig& config, const DiffusionSchedule& schedule)
    : SigmaSampler(config, Doubled(schedule)) {}

at::Tensor Heun::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource&) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const at::Tensor x = sample.to(at::kFloat);
  const float here = sigmas_[step_];
  const at::Tensor slope = (x - Picture(output, x, here)) / here;
  at::Tensor moved;
  if (history_.empty()) {
    moved = x + slope * (sigmas_[step_ + 1] - here);
    history_ = {x, slope};
  } else {
    const at::Tensor begin = history_[0], mean = (history_[1] + slope) / 2;
    moved = begin + mean * (here - sigmas_[step_ - 1]);
    history_.clear();
  }
  ++step_;
  // The last level is 0, where there is no slope: the walk ends with a plain step.
  if (step_ == steps()) history_.clear();
  return moved.to(output.scalar_type());
}

at::Tensor LinearMultistep::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource&) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const float sigma = sigmas_[step_];
  const at::Tensor x = sample.to(at::kFloat);
  Remember((x - Picture(output, x, sigma)) / sigma, kOrder);
  std::vector<double> nodes;  // the levels of the slopes, newest first
  for (size_t i = 0; i < history_.size(); ++i) nodes.push_back(sigmas_[step_ - i]);
  at::Tensor moved = x;
  for (size_t k = 0; k < nodes.size(); ++k) {
    const double weight = LagrangeIntegral(nodes, k, sigma, sigmas_[step_ + 1]);
    moved = moved + weight * history_[history_.size() - 1 - k];
  }
  ++step_;
  return moved.to(output.scalar_type());
}

}  // namespace hanga
