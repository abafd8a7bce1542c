// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/lambda_sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hanga {
namespace {

// One timestep more than is walked, the last left out; a trailing schedule has no such one.
std::vector<double> OpenTimesteps(const DiffusionConfig& config, int64_t steps) {
  if (config.timestep_spacing == TimestepSpacing::kTrailing)
    return SpaceTimesteps(config, steps, /*whole=*/true);
  std::vector<double> timesteps = SpaceTimesteps(config, steps + 1, /*whole=*/true);
  timesteps.pop_back();
  return timesteps;
}

// From almost 1, shifted. The two families spread them a little differently.
std::vector<double> FlowSigmas(const DiffusionConfig& config, int64_t steps, LambdaSchedule kind) {
  const double lowest = 1.0 / static_cast<double>(config.num_train_timesteps);
  std::vector<double> sigmas = LinearSpace(1, lowest, steps + 1);
  if (kind == LambdaSchedule::kDpmSolver) {
    for (double& sigma : sigmas) sigma = 1 - sigma;
    std::reverse(sigmas.begin(), sigmas.end());
  }
  sigmas.pop_back();
  for (double& sigma : sigmas)
    sigma = config.flow_shift * sigma / (1 + (config.flow_shift - 1) * sigma);
  constexpr double kGap = 1e-6;  // lambda is infinite at 1
  if (std::abs(sigmas.front() - 1) < kGap) sigmas.front() -= kGap;
  return sigmas;
}

}  // namespace

DiffusionSchedule MakeLambdaSchedule(const DiffusionConfig& config, const NoiseLevels& levels,
                                     int64_t steps, LambdaSchedule kind, bool uniform_lambda) {
  std::vector<double> timesteps, sigmas;
  const float highest = levels.sigmas.back(), lowest = levels.sigmas.front();
  const bool spaced = config.sigma_spacing != SigmaSpacing::kPlain;
  float end = config.ends_at_sigma_min ? lowest : 0.0f;
  if (spaced || uniform_lambda) {
    if (spaced) {
      sigmas = SpaceSigmas(config.sigma_spacing, config.sigma_max.value_or(highest),
                           config.sigma_min.value_or(lowest), steps);
    } else {
      sigmas = LinearSpace(std::log(highest), std::log(lowest), steps);
      for (double& sigma : sigmas) sigma = std::exp(sigma);
    }
    const bool rounded =
        (config.sigma_spacing == SigmaSpacing::kKarras || uniform_lambda) &&
        (kind == LambdaSchedule::kUniPc || config.beta_schedule != BetaSchedule::kCosine);
    for (const double sigma : sigmas) {
      const double t = levels.TimestepAt(sigma);
      timesteps.push_back(rounded ? std::nearbyint(t) : t);
    }
    if (config.ends_at_sigma_min && kind == LambdaSchedule::kUniPc)
      end = static_cast<float>(sigmas.back());
  } else if (config.use_flow_sigmas) {
    sigmas = FlowSigmas(config, steps, kind);
    for (const double sigma : sigmas)
      timesteps.push_back(sigma * static_cast<double>(config.num_train_timesteps));
    if (config.ends_at_sigma_min && kind == LambdaSchedule::kUniPc)
      end = static_cast<float>(sigmas.back());
  } else {
    timesteps = OpenTimesteps(config, steps);
    for (const double t : timesteps) sigmas.push_back(levels.SigmaAt(t));
  }
  DiffusionSchedule schedule;
  for (const double t : timesteps) schedule.timesteps.push_back(static_cast<float>(std::trunc(t)));
  schedule.sigmas.assign(sigmas.begin(), sigmas.end());
  schedule.sigmas.push_back(end);
  return schedule;
}

LambdaSampler::LambdaSampler(const DiffusionConfig& config, DiffusionSchedule schedule)
    : Sampler(std::move(schedule.timesteps), std::move(schedule.sigmas)), config_(config) {}

LambdaSampler::Level LambdaSampler::LevelAt(int64_t step) const {
  const float level = sigmas_.at(step);
  if (config_.use_flow_sigmas) {
    const float alpha = 1 - level;
    return {alpha, level, std::log(alpha) - std::log(level)};
  }
  const float alpha = 1 / std::sqrt(level * level + 1), sigma = level * alpha;
  return {alpha, sigma, std::log(alpha) - std::log(sigma)};
}

at::Tensor LambdaSampler::Picture(const at::Tensor& output, const at::Tensor& sample) const {
  const Level at = LevelAt(step_);
  switch (config_.prediction) {
    case Prediction::kSample:
      return output.to(at::kFloat);
    case Prediction::kVelocity:
      return at.alpha * sample - at.sigma * output;
    case Prediction::kFlow:
      return sample - sigmas_[step_] * output;
    case Prediction::kNoise:
      break;
  }
  return (sample - at.sigma * output) / at.alpha;
}

at::Tensor LambdaSampler::Noise(const at::Tensor& output, const at::Tensor& sample) const {
  const Level at = LevelAt(step_);
  switch (config_.prediction) {
    case Prediction::kSample:
      return (sample - at.alpha * output) / at.sigma;
    case Prediction::kVelocity:
      return at.alpha * output + at.sigma * sample;
    case Prediction::kFlow:
      return sample + (1 - sigmas_[step_]) * output;
    case Prediction::kNoise:
      break;
  }
  return output.to(at::kFloat);
}

at::Tensor LambdaSampler::Denoised(const at::Tensor& output, const at::Tensor& sample) const {
  return Picture(output, sample.to(at::kFloat));
}

at::Tensor LambdaSampler::AddNoise(const at::Tensor& clean, const at::Tensor& noise) const {
  const Level at = LevelAt(step_);
  return at.alpha * clean + at.sigma * noise;
}

}  // namespace hanga
