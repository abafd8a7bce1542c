// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The samplers that walk a model's own timesteps: a sample at timestep t is
// sqrt(alpha_t) picture + sqrt(1 - alpha_t) noise.
#pragma once

#include "worker/samplers/noise_levels.h"
#include "worker/samplers/sampler.h"

namespace hanga {

class AlphaSampler : public Sampler {
 public:
  at::Tensor Denoised(const at::Tensor& output, const at::Tensor& sample) const override;
  at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise) const override;

 protected:
  AlphaSampler(const DiffusionConfig& config, NoiseLevels levels,
               const std::vector<double>& timesteps);

  int64_t timestep() const { return static_cast<int64_t>(timesteps_[step_]); }
  // Below timestep 0 it is `below`.
  float AlphaAt(int64_t timestep, float below) const;
  // The level that DDIM and PNDM end at.
  float final_alpha() const;
  at::Tensor Picture(const at::Tensor& output, const at::Tensor& sample, float alpha) const;
  // The noise that an output means.
  at::Tensor Noise(const at::Tensor& output, const at::Tensor& sample, float alpha) const;

  const DiffusionConfig config_;
  const NoiseLevels levels_;
};

// DDIMScheduler (arXiv:2010.02502); eta 1 adds as much noise as DDPM.
class Ddim final : public AlphaSampler {
 public:
  Ddim(const DiffusionConfig& config, NoiseLevels levels, const std::vector<double>& timesteps,
       double eta);
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  const float eta_;
};

// DDPMScheduler (arXiv:2006.11239).
class Ddpm final : public AlphaSampler {
 public:
  enum class Variance { kFixedSmall, kFixedLarge };
  Ddpm(const DiffusionConfig& config, NoiseLevels levels, const std::vector<double>& timesteps,
       Variance variance);
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  const Variance variance_;
};

// LCMScheduler (arXiv:2310.04378): goes to the picture and adds noise up to the next level.
class LatentConsistency final : public AlphaSampler {
 public:
  LatentConsistency(const DiffusionConfig& config, NoiseLevels levels,
                    const std::vector<double>& timesteps, double timestep_scaling);
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  const double timestep_scaling_;
};

// PNDMScheduler (arXiv:2202.09778) without its Runge-Kutta start: PLMS. One evaluation more than
// the steps that were asked for.
class PseudoLinearMultistep final : public AlphaSampler {
 public:
  // `timesteps` rise by `stride`; the second last is walked twice.
  PseudoLinearMultistep(const DiffusionConfig& config, NoiseLevels levels,
                        const std::vector<double>& timesteps, int64_t stride);
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  static constexpr size_t kOrder = 4;
  size_t history_limit() const override { return kOrder; }  // outputs; first output and sample
  at::Tensor Transfer(const at::Tensor& output, const at::Tensor& sample, int64_t from,
                      int64_t to) const;

  const int64_t stride_;
};

}  // namespace hanga
