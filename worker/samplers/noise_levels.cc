// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/noise_levels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hanga {
namespace {

at::Tensor CosineBetas(int64_t count) {
  constexpr double kHighest = 0.999;
  const auto alpha_bar = [](double t) {
    const double c = std::cos((t + 0.008) / 1.008 * M_PI / 2);
    return c * c;
  };
  std::vector<double> betas(count);
  const auto n = static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<double>(i);
    betas[i] = std::min(1 - alpha_bar((x + 1) / n) / alpha_bar(x / n), kHighest);
  }
  return at::tensor(betas, at::kFloat);
}

at::Tensor Betas(const DiffusionConfig& c) {
  if (!c.trained_betas.empty()) return at::tensor(c.trained_betas, at::kFloat);
  switch (c.beta_schedule) {
    case BetaSchedule::kLinear:
      return at::linspace(c.beta_start, c.beta_end, c.num_train_timesteps, at::kFloat);
    case BetaSchedule::kScaledLinear:
      return at::linspace(std::sqrt(c.beta_start), std::sqrt(c.beta_end), c.num_train_timesteps,
                          at::kFloat)
          .square();
    case BetaSchedule::kCosine:
      break;
  }
  return CosineBetas(c.num_train_timesteps);
}

// Algorithm 1 of arXiv:2305.08891: the last level is moved to pure noise, the first stays.
at::Tensor WithZeroTerminalSnr(const at::Tensor& betas) {
  at::Tensor root = at::cumprod(1.0 - betas, 0).sqrt();
  const at::Tensor first = root[0].clone(), last = root[-1].clone();
  root = (root - last) * (first / (first - last));
  const at::Tensor alpha_bar = root.square();
  const at::Tensor alphas =
      at::cat({alpha_bar.slice(0, 0, 1), alpha_bar.slice(0, 1) / alpha_bar.slice(0, 0, -1)});
  return 1 - alphas;
}

std::vector<float> ToVector(const at::Tensor& t) {
  const at::Tensor flat = t.to(at::kFloat).contiguous();
  const auto* data = flat.const_data_ptr<float>();
  return {data, data + flat.numel()};
}

}  // namespace

NoiseLevels MakeNoiseLevels(const DiffusionConfig& config, bool finite) {
  constexpr double kAlmostNoise = 0x1p-24;
  at::Tensor betas = Betas(config);
  if (config.rescale_betas_zero_snr) betas = WithZeroTerminalSnr(betas);
  const at::Tensor alphas = at::cumprod(1.0 - betas, 0);
  if (config.rescale_betas_zero_snr && finite) alphas[-1].fill_(kAlmostNoise);
  return {ToVector(alphas), ToVector(((1 - alphas) / alphas).pow(0.5))};
}

double NoiseLevels::SigmaAt(double timestep) const {
  const auto last = static_cast<int64_t>(sigmas.size()) - 1;
  if (timestep <= 0) return sigmas.front();
  if (timestep >= static_cast<double>(last)) return sigmas.back();
  const auto below = static_cast<int64_t>(timestep);
  const double low = sigmas[below], high = sigmas[below + 1];
  return (high - low) * (timestep - static_cast<double>(below)) + low;
}

double NoiseLevels::TimestepAt(double sigma) const {
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  const auto log_level = [&](size_t i) { return std::log(sigmas[i]); };  // in float32
  // The last level that is not above; levels rise.
  size_t below = 0;
  while (below + 2 < sigmas.size() && log_sigma - double{log_level(below + 1)} >= 0) ++below;
  const float low = log_level(below), high = log_level(below + 1);
  const double share = std::clamp((low - log_sigma) / double{low - high}, 0.0, 1.0);
  return (1 - share) * static_cast<double>(below) + share * static_cast<double>(below + 1);
}

std::vector<double> SpaceTimesteps(const DiffusionConfig& config, int64_t steps, bool whole) {
  const auto trained = static_cast<double>(config.num_train_timesteps);
  std::vector<double> timesteps;
  switch (config.timestep_spacing) {
    case TimestepSpacing::kLinspace:
      timesteps = LinearSpace(0, trained - 1, steps);
      for (double& t : timesteps) t = whole ? std::nearbyint(t) : double{static_cast<float>(t)};
      std::reverse(timesteps.begin(), timesteps.end());
      break;
    case TimestepSpacing::kLeading: {
      const int64_t stride = config.num_train_timesteps / steps;
      for (int64_t i = steps - 1; i >= 0; --i)
        timesteps.push_back(static_cast<double>(i * stride + config.steps_offset));
      break;
    }
    case TimestepSpacing::kTrailing: {
      const double stride = trained / static_cast<double>(steps);
      const auto count = static_cast<int64_t>(std::ceil(trained / stride));
      for (int64_t i = 0; i < count; ++i)
        timesteps.push_back(std::nearbyint(trained - static_cast<double>(i) * stride) - 1);
      break;
    }
  }
  return timesteps;
}

DiffusionSchedule MakeSigmaSchedule(const DiffusionConfig& config, const NoiseLevels& levels,
                                    int64_t steps) {
  std::vector<double> timesteps = SpaceTimesteps(config, steps, /*whole=*/false);
  std::vector<double> sigmas;
  for (const double t : timesteps) sigmas.push_back(levels.SigmaAt(t));
  if (config.sigma_spacing != SigmaSpacing::kPlain) {
    sigmas = SpaceSigmas(config.sigma_spacing, config.sigma_max.value_or(sigmas.front()),
                         config.sigma_min.value_or(sigmas.back()), steps);
    timesteps.clear();
    for (const double sigma : sigmas) timesteps.push_back(levels.TimestepAt(sigma));
  }
  DiffusionSchedule schedule{{timesteps.begin(), timesteps.end()}, {sigmas.begin(), sigmas.end()}};
  schedule.sigmas.push_back(config.ends_at_sigma_min ? levels.sigmas.front() : 0.0f);
  return schedule;
}

}  // namespace hanga
