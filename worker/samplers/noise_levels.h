// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The noise levels that a model was trained on, and the choice of some of them for a walk.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/samplers/diffusion_config.h"

namespace hanga {

// Computed in float32 like diffusers, since 1 - alpha is all rounding at the lowest levels.
struct NoiseLevels {
  std::vector<float> alphas;  // the cumulated products, [num_train_timesteps], falling
  std::vector<float> sigmas;  // sqrt((1 - alpha) / alpha), the same length, rising

  // The level at a timestep between two that were trained, linear between theirs.
  double SigmaAt(double timestep) const;
  // The way back, linear in the logarithm.
  double TimestepAt(double sigma) const;
};

// With zero terminal SNR the last alpha is 0 where `finite` is false, else just above it, so that
// its sigma is finite.
NoiseLevels MakeNoiseLevels(const DiffusionConfig& config, bool finite);

// `steps` timesteps, falling, whole numbers but for linspace where `whole` is false.
std::vector<double> SpaceTimesteps(const DiffusionConfig& config, int64_t steps, bool whole);

// A walk: timesteps [steps], and sigmas with one more at the end.
struct DiffusionSchedule {
  std::vector<float> timesteps;
  std::vector<float> sigmas;
};

// The schedule of the samplers of Karras et al. (Euler, Heun, LMS): timesteps need not be whole.
DiffusionSchedule MakeSigmaSchedule(const DiffusionConfig& config, const NoiseLevels& levels,
                                    int64_t steps);

}  // namespace hanga
