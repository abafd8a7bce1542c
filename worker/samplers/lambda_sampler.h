// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the exponential integrators share (DPM-Solver++, UniPC): a sample is alpha times picture
// plus sigma times noise, and time is lambda = log(alpha / sigma).
#pragma once

#include "worker/samplers/noise_levels.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// Which timesteps such a sampler walks, as diffusers' DPM-Solver classes and UniPC choose them.
enum class LambdaSchedule { kDpmSolver, kUniPc };

// `uniform_lambda`: equal steps of lambda (arXiv:2206.00927).
DiffusionSchedule MakeLambdaSchedule(const DiffusionConfig& config, const NoiseLevels& levels,
                                     int64_t steps, LambdaSchedule kind, bool uniform_lambda);

class LambdaSampler : public Sampler {
 public:
  at::Tensor Denoised(const at::Tensor& output, const at::Tensor& sample) const override;
  at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise) const override;

 protected:
  LambdaSampler(const DiffusionConfig& config, DiffusionSchedule schedule);

  struct Level {
    float alpha, sigma, lambda;
  };
  Level LevelAt(int64_t step) const;
  at::Tensor Picture(const at::Tensor& output, const at::Tensor& sample) const;
  at::Tensor Noise(const at::Tensor& output, const at::Tensor& sample) const;

  const DiffusionConfig config_;
};

}  // namespace hanga
