// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/flow_match_euler.h"

#include <ATen/ATen.h>

#include <utility>

namespace hanga {

FlowMatchEuler::FlowMatchEuler(const FlowMatchConfig& config, FlowSchedule schedule)
    : Sampler(std::move(schedule.timesteps), std::move(schedule.sigmas)),
      stochastic_(config.stochastic_sampling) {}

at::Tensor FlowMatchEuler::Step(const at::Tensor& output, const at::Tensor& sample,
                                NoiseSource& noise) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const float sigma = sigmas_[step_], next = sigmas_[step_ + 1];
  const at::Tensor x = sample.to(at::kFloat);
  at::Tensor moved;
  if (stochastic_) {
    const at::Tensor picture = x - sigma * output;
    moved = (1.0f - next) * picture + next * noise.Draw(x.sizes()).to(x.device());
  } else {
    moved = x + (next - sigma) * output;
  }
  ++step_;
  return moved.to(output.scalar_type());
}

at::Tensor FlowMatchEuler::Denoised(const at::Tensor& output, const at::Tensor& sample) const {
  return sample.to(at::kFloat) - sigmas_[step_] * output;
}

at::Tensor FlowMatchEuler::AddNoise(const at::Tensor& clean, const at::Tensor& noise) const {
  const float sigma = sigmas_[step_];
  return sigma * noise + (1.0f - sigma) * clean;
}

}  // namespace hanga
