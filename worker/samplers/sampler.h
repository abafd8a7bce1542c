// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Samplers walk a sample from noise to a picture's latents, one model evaluation a step, with the
// names and the arithmetic of diffusers.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "worker/samplers/noise.h"

namespace hanga {

// What a sampler carries from one step to the next. Multistep samplers add tensors.
struct SamplerState {
  int64_t step = 0;
  std::vector<at::Tensor> history;
};

// The walk of one image. Not thread-safe. Model math throws as ATen does.
class Sampler {
 public:
  virtual ~Sampler() = default;

  // One entry for each model evaluation: what the model is told as its timestep.
  const std::vector<float>& timesteps() const { return timesteps_; }
  // Noise levels; one more than timesteps, the last is where the walk ends.
  const std::vector<float>& sigmas() const { return sigmas_; }
  int64_t steps() const { return static_cast<int64_t>(timesteps_.size()); }
  int64_t step() const { return step_; }

  // Evaluations of the model that make one step of the user's: 2 where a step is corrected (Heun).
  virtual int64_t evaluations_per_step() const { return 1; }
  // By what unit noise is multiplied to give the first sample.
  virtual double init_noise_sigma() const { return 1.0; }
  // What the model is shown of a sample at the current step.
  virtual at::Tensor ScaleInput(const at::Tensor& sample) const { return sample; }
  // The sample after the current step, and moves on to the next one. Draws noise where the sampler
  // adds some.
  virtual at::Tensor Step(const at::Tensor& output, const at::Tensor& sample,
                          NoiseSource& noise) = 0;
  // The clean sample that the output of the current step points at.
  virtual at::Tensor Denoised(const at::Tensor& output, const at::Tensor& sample) const = 0;
  // A clean sample as it looks at the level of the current step.
  virtual at::Tensor AddNoise(const at::Tensor& clean, const at::Tensor& noise) const = 0;

  // Starts at a later step, 0 <= step <= steps(), as image to image does. Before the first Step; a
  // multiple of evaluations_per_step().
  void StartAt(int64_t step) { start_ = step_ = step; }

  SamplerState Save() const { return {step_, history_}; }
  // After the same StartAt. INVALID_ARGUMENT if the state is of another sampler or schedule.
  absl::Status Restore(const SamplerState& state);

 protected:
  Sampler(std::vector<float> timesteps, std::vector<float> sigmas)
      : timesteps_(std::move(timesteps)), sigmas_(std::move(sigmas)) {}

  // How many tensors the sampler may carry.
  virtual size_t history_limit() const { return 0; }
  // Appends, and drops the oldest beyond `limit`.
  void Remember(const at::Tensor& tensor, size_t limit);

  const std::vector<float> timesteps_, sigmas_;
  int64_t start_ = 0, step_ = 0;
  std::vector<at::Tensor> history_;  // oldest first
};

}  // namespace hanga
