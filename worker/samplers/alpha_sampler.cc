// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/alpha_sampler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hanga {
namespace {

std::vector<float> Floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

// For previews and people; the arithmetic goes by alphas.
std::vector<float> SigmasAt(const NoiseLevels& levels, const std::vector<double>& timesteps) {
  std::vector<float> sigmas;
  for (const double t : timesteps) sigmas.push_back(static_cast<float>(levels.SigmaAt(t)));
  sigmas.push_back(0);
  return sigmas;
}

// The second last timestep twice, falling.
std::vector<double> WithRepeat(std::vector<double> rising) {
  if (rising.size() > 1) rising.insert(rising.end() - 1, rising[rising.size() - 2]);
  std::reverse(rising.begin(), rising.end());
  return rising;
}

}  // namespace

AlphaSampler::AlphaSampler(const DiffusionConfig& config, NoiseLevels levels,
                           const std::vector<double>& timesteps)
    : Sampler(Floats(timesteps), SigmasAt(levels, timesteps)),
      config_(config),
      levels_(std::move(levels)) {}

float AlphaSampler::AlphaAt(int64_t timestep, float below) const {
  return timestep >= 0 ? levels_.alphas.at(timestep) : below;
}

float AlphaSampler::final_alpha() const {
  return config_.set_alpha_to_one ? 1.0f : levels_.alphas.front();
}

at::Tensor AlphaSampler::Picture(const at::Tensor& output, const at::Tensor& sample,
                                 float alpha) const {
  const float signal = std::sqrt(alpha), spread = std::sqrt(1 - alpha);
  at::Tensor picture;
  switch (config_.prediction) {
    case Prediction::kSample:
      picture = output.to(at::kFloat);
      break;
    case Prediction::kVelocity:
      picture = signal * sample - spread * output;
      break;
    default:
      picture = (sample - spread * output) / signal;
  }
  if (!config_.clip_sample) return picture;
  return picture.clamp(-config_.clip_sample_range, config_.clip_sample_range);
}

at::Tensor AlphaSampler::Noise(const at::Tensor& output, const at::Tensor& sample,
                               float alpha) const {
  const float signal = std::sqrt(alpha), spread = std::sqrt(1 - alpha);
  switch (config_.prediction) {
    case Prediction::kSample:
      return (sample - signal * output) / spread;
    case Prediction::kVelocity:
      return signal * output + spread * sample;
    default:
      return output.to(at::kFloat);
  }
}

at::Tensor AlphaSampler::Denoised(const at::Tensor& output, const at::Tensor& sample) const {
  return Picture(output, sample.to(at::kFloat), levels_.alphas.at(timestep()));
}

at::Tensor AlphaSampler::AddNoise(const at::Tensor& clean, const at::Tensor& noise) const {
  const float alpha = levels_.alphas.at(timestep());
  return std::sqrt(alpha) * clean + std::sqrt(1 - alpha) * noise;
}

Ddim::Ddim(const DiffusionConfig& config, NoiseLevels levels, const std::vector<double>& timesteps,
           double eta)
    : AlphaSampler(config, std::move(levels), timesteps), eta_(static_cast<float>(eta)) {}

at::Tensor Ddim::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const int64_t t = timestep();
  const float alpha = levels_.alphas.at(t);
  const float previous = AlphaAt(t - config_.num_train_timesteps / steps(), final_alpha());
  const float variance = (1 - previous) / (1 - alpha) * (1 - alpha / previous);
  const float deviation = eta_ * std::sqrt(variance);
  const at::Tensor x = sample.to(at::kFloat);
  at::Tensor moved = std::sqrt(previous) * Picture(output, x, alpha) +
                     std::sqrt(1 - previous - deviation * deviation) * Noise(output, x, alpha);
  if (eta_ > 0) moved = moved + deviation * noise.Draw(x.sizes()).to(x.device());
  ++step_;
  return moved.to(output.scalar_type());
}

Ddpm::Ddpm(const DiffusionConfig& config, NoiseLevels levels, const std::vector<double>& timesteps,
           Variance variance)
    : AlphaSampler(config, std::move(levels), timesteps), variance_(variance) {}

at::Tensor Ddpm::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const int64_t t = timestep();
  const float alpha = levels_.alphas.at(t);
  const float previous =
      step_ + 1 < steps() ? levels_.alphas.at(static_cast<int64_t>(timesteps_[step_ + 1])) : 1.0f;
  const float step_alpha = alpha / previous, step_beta = 1 - step_alpha;
  const at::Tensor x = sample.to(at::kFloat);
  at::Tensor moved = std::sqrt(previous) * step_beta / (1 - alpha) * Picture(output, x, alpha) +
                     std::sqrt(step_alpha) * (1 - previous) / (1 - alpha) * x;
  if (t > 0) {
    const float small = std::max((1 - previous) / (1 - alpha) * step_beta, 1e-20f);
    const float variance = variance_ == Variance::kFixedLarge ? step_beta : small;
    moved = moved + std::sqrt(variance) * noise.Draw(x.sizes()).to(x.device());
  }
  ++step_;
  return moved.to(output.scalar_type());
}

LatentConsistency::LatentConsistency(const DiffusionConfig& config, NoiseLevels levels,
                                     const std::vector<double>& timesteps, double timestep_scaling)
    : AlphaSampler(config, std::move(levels), timesteps), timestep_scaling_(timestep_scaling) {}

at::Tensor LatentConsistency::Step(const at::Tensor& output, const at::Tensor& sample,
                                   NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  constexpr double kDataVariance = 0.25;
  const int64_t t = timestep();
  const double scaled = static_cast<double>(t) * timestep_scaling_;
  const double skip = kDataVariance / (scaled * scaled + kDataVariance);
  const double out = scaled / std::sqrt(scaled * scaled + kDataVariance);
  const at::Tensor x = sample.to(at::kFloat);
  at::Tensor moved = out * Picture(output, x, levels_.alphas.at(t)) + skip * x;
  if (step_ + 1 < steps()) {
    const float next = levels_.alphas.at(static_cast<int64_t>(timesteps_[step_ + 1]));
    moved = std::sqrt(next) * moved + std::sqrt(1 - next) * noise.Draw(x.sizes()).to(x.device());
  }
  ++step_;
  return moved.to(output.scalar_type());
}

PseudoLinearMultistep::PseudoLinearMultistep(const DiffusionConfig& config, NoiseLevels levels,
                                             const std::vector<double>& timesteps, int64_t stride)
    : AlphaSampler(config, std::move(levels), WithRepeat(timesteps)), stride_(stride) {}

at::Tensor PseudoLinearMultistep::Transfer(const at::Tensor& output, const at::Tensor& sample,
                                           int64_t from, int64_t to) const {
  const float alpha = levels_.alphas.at(from), next = AlphaAt(to, final_alpha());
  const at::Tensor eps =
      config_.prediction == Prediction::kVelocity ? Noise(output, sample, alpha) : output;
  const float divisor = alpha * std::sqrt(1 - next) + std::sqrt(alpha * (1 - alpha) * next);
  return std::sqrt(next / alpha) * sample - (next - alpha) * eps / divisor;
}

at::Tensor PseudoLinearMultistep::Step(const at::Tensor& output, const at::Tensor& sample,
                                       NoiseSource&) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const at::Tensor x = sample.to(at::kFloat), e = output.to(at::kFloat);
  const int64_t t = timestep(), evaluation = step_ - start_;
  at::Tensor moved;
  if (evaluation == 0) {
    history_ = {e, x};
    moved = Transfer(e, x, t, t - stride_);
  } else if (evaluation == 1) {
    // The first step again, from where it began, with the mean of the slopes at its ends.
    const at::Tensor begin = history_.back();
    history_.pop_back();
    moved = Transfer((e + history_.back()) / 2, begin, t + stride_, t);
  } else {
    Remember(e, kOrder);
    const auto& h = history_;
    const size_t n = h.size();
    at::Tensor slope;
    if (n == 2) {
      slope = (3 * h[1] - h[0]) / 2;
    } else if (n == 3) {
      slope = (23 * h[2] - 16 * h[1] + 5 * h[0]) / 12;
    } else {
      slope = (55 * h[3] - 59 * h[2] + 37 * h[1] - 9 * h[0]) / 24;
    }
    moved = Transfer(slope, x, t, t - stride_);
  }
  ++step_;
  return moved.to(output.scalar_type());
}

}  // namespace hanga
