// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Euler's method on the probability flow of a flow matching model: FlowMatchEulerDiscreteScheduler.
#pragma once

#include "worker/samplers/flow_schedule.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// Computes in float32 and returns the model output's type. With stochastic_sampling each step goes
// to the predicted picture and adds noise anew.
class FlowMatchEuler final : public Sampler {
 public:
  FlowMatchEuler(const FlowMatchConfig& config, FlowSchedule schedule);

  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;
  at::Tensor Denoised(const at::Tensor& output, const at::Tensor& sample) const override;
  at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise) const override;

 private:
  const bool stochastic_;
};

}  // namespace hanga
