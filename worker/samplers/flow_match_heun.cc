// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/flow_match_heun.h"

#include <ATen/ATen.h>

#include "worker/samplers/sigma_sampler.h"

namespace hanga {

FlowMatchHeun::FlowMatchHeun(const FlowSchedule& schedule)
    : Sampler(Doubled({schedule.timesteps, schedule.sigmas}).timesteps,
              Doubled({schedule.timesteps, schedule.sigmas}).sigmas) {}

at::Tensor FlowMatchHeun::Step(const at::Tensor& output, const at::Tensor& sample, NoiseSource&) {
  TORCH_CHECK(step_ < steps(), "step ", step_, " of a schedule of ", steps());
  const at::Tensor x = sample.to(at::kFloat), slope = output.to(at::kFloat);
  const float here = sigmas_[step_];
  at::Tensor moved;
  if (history_.empty()) {
    moved = x + slope * (sigmas_[step_ + 1] - here);
    history_ = {x, slope};
  } else {
    moved = history_[0] + 0.5f * (history_[1] + slope) * (here - sigmas_[step_ - 1]);
    history_.clear();
  }
  ++step_;
  if (step_ == steps()) history_.clear();
  return moved.to(output.scalar_type());
}

at::Tensor FlowMatchHeun::Denoised(const at::Tensor& output, const at::Tensor& sample) const {
  return sample.to(at::kFloat) - sigmas_[step_] * output;
}

at::Tensor FlowMatchHeun::AddNoise(const at::Tensor& clean, const at::Tensor& noise) const {
  const float sigma = sigmas_[step_];
  return sigma * noise + (1.0f - sigma) * clean;
}

}  // namespace hanga
