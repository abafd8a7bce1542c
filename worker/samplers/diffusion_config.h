// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What diffusers' scheduler_config.json says of a model that was trained on discrete noise levels
// (DDPM, arXiv:2006.11239): Stable Diffusion 1, 2 and XL.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/samplers/sigma_spacing.h"

namespace hanga {

class ConfigReader;  // worker/layers/config_reader.h

// What the output of a model means.
enum class Prediction { kNoise, kVelocity, kSample, kFlow };
enum class TimestepSpacing { kLinspace, kLeading, kTrailing };
enum class BetaSchedule { kLinear, kScaledLinear, kCosine };

// The defaults are those of most samplers; a sampler that has others passes them to FromJson.
struct DiffusionConfig {
  int64_t num_train_timesteps = 1000;
  double beta_start = 0.0001, beta_end = 0.02;
  BetaSchedule beta_schedule = BetaSchedule::kLinear;
  std::vector<double> trained_betas;    // in place of a schedule, one a training timestep
  bool rescale_betas_zero_snr = false;  // the last training level is pure noise
  Prediction prediction = Prediction::kNoise;
  TimestepSpacing timestep_spacing = TimestepSpacing::kLinspace;
  int64_t steps_offset = 0;
  SigmaSpacing sigma_spacing = SigmaSpacing::kPlain;
  std::optional<double> sigma_min, sigma_max;  // ends of a spacing; unset: the schedule's
  bool ends_at_sigma_min = false;              // the walk ends above noise level 0
  bool set_alpha_to_one = true;                // the level below the first timestep is 0
  bool clip_sample = false;
  double clip_sample_range = 1;
  bool use_flow_sigmas = false;  // a flow matching model's levels, 1 to 0
  double flow_shift = 1;

  // FAILED_PRECONDITION names the field whose value cannot be used.
  static absl::StatusOr<DiffusionConfig> FromJson(const nlohmann::json& json,
                                                  DiffusionConfig defaults);
};

// Reads a scheduler_config.json; what is wrong with one is FAILED_PRECONDITION.
ConfigReader SchedulerReader(const nlohmann::json& json);

}  // namespace hanga
