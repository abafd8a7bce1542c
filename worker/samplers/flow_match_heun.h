// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Heun's method on the probability flow of a flow matching model: FlowMatchHeunDiscreteScheduler.
#pragma once

#include "worker/samplers/flow_schedule.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// Computes in float32 and returns the model output's type. Two evaluations a step but the last.
class FlowMatchHeun final : public Sampler {
 public:
  explicit FlowMatchHeun(const FlowSchedule& schedule);

  int64_t evaluations_per_step() const override { return 2; }
  at::Tensor Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource& noise) override;
  at::Tensor Denoised(const at::Tensor& output, const at::Tensor& sample) const override;
  at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise) const override;

 private:
  size_t history_limit() const override { return 2; }  // sample and slope where a step began
};

}  // namespace hanga
