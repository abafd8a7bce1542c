// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The samplers of Karras et al. (arXiv:2206.00364), in their coordinates: a sample is the picture
// plus sigma times noise, and the model is shown it scaled to unit variance.
#pragma once

#include "worker/samplers/noise_levels.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// Computes in float32 and returns the model output's type.
class SigmaSampler : public Sampler {
 public:
  double init_noise_sigma() const override;
  at::Tensor ScaleInput(const at::Tensor& sample) const override;
  at::Tensor Denoised(const at::Tensor& output, const at::Tensor& sample) const override;
  at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise) const override;

 protected:
  SigmaSampler(const DiffusionConfig& config, DiffusionSchedule schedule);

  // The picture that an output at this level points at, float32.
  at::Tensor Picture(const at::Tensor& output, const at::Tensor& sample, float sigma) const;
  // The level that the model is told of at the current step.
  virtual float input_sigma() const { return sigmas_[step_]; }

  const DiffusionConfig config_;
};

// EulerDiscreteScheduler.
class Euler final : public SigmaSampler {
 public:
  Euler(const DiffusionConfig& config, DiffusionSchedule schedule)
      : SigmaSampler(config, std::move(schedule)) {}
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;
};

// EulerAncestralDiscreteScheduler: goes below the next level and adds noise up to it.
class EulerAncestral final : public SigmaSampler {
 public:
  EulerAncestral(const DiffusionConfig& config, DiffusionSchedule schedule)
      : SigmaSampler(config, std::move(schedule)) {}
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;
};

// HeunDiscreteScheduler: the mean of the slopes at both ends of a step, two evaluations each but
// the last.
class Heun final : public SigmaSampler {
 public:
  // `schedule` is that of Euler.
  Heun(const DiffusionConfig& config, const DiffusionSchedule& schedule);
  int64_t evaluations_per_step() const override { return 2; }
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  size_t history_limit() const override { return 2; }  // sample and slope where a step began
};

// LMSDiscreteScheduler: Adams-Bashforth steps of up to the fourth order.
class LinearMultistep final : public SigmaSampler {
 public:
  LinearMultistep(const DiffusionConfig& config, DiffusionSchedule schedule)
      : SigmaSampler(config, std::move(schedule)) {}
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;

 private:
  static constexpr size_t kOrder = 4;
  size_t history_limit() const override { return kOrder; }  // slopes
};

// Every level but the first and the last twice, every timestep but the first: what a sampler of two
// evaluations a step walks.
DiffusionSchedule Doubled(const DiffusionSchedule& schedule);

}  // namespace hanga
