// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Noise levels of flow matching models: from 1 (noise) to 0 (picture), shifted towards noise for
// large pictures.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/samplers/sigma_spacing.h"

namespace hanga {

enum class TimeShift { kExponential, kLinear };

// Mirrors the scheduler_config.json of diffusers' flow matching schedulers.
struct FlowMatchConfig {
  int64_t num_train_timesteps = 1000;
  double shift = 1.0;  // static; not used where the shift is dynamic
  bool use_dynamic_shifting = false;
  double base_shift = 0.5, max_shift = 1.15;
  int64_t base_image_seq_len = 256, max_image_seq_len = 4096;
  bool invert_sigmas = false;
  std::optional<double> shift_terminal;  // the last level before 0
  SigmaSpacing spacing = SigmaSpacing::kPlain;
  TimeShift time_shift = TimeShift::kExponential;
  bool stochastic_sampling = false;

  // FAILED_PRECONDITION names the field whose value cannot be used.
  static absl::StatusOr<FlowMatchConfig> FromJson(const nlohmann::json& config);
};

// How many steps of which picture.
struct ScheduleRequest {
  int64_t steps = 0;           // at least 1
  std::optional<double> mu;    // dynamic shift; required where the configuration has one
  std::vector<double> sigmas;  // unshifted levels that the model prefers; empty: the sampler's own
  double eta = 0;              // DDIM's noise, 0 to 1
};

struct FlowSchedule {
  std::vector<float> timesteps;  // [steps]
  std::vector<float> sigmas;     // [steps + 1]
};

// INVALID_ARGUMENT where a shift is missing or the levels are not finite.
absl::StatusOr<FlowSchedule> MakeFlowSchedule(const FlowMatchConfig& config,
                                              const ScheduleRequest& request);

// The dynamic shift for a picture of so many image tokens: linear between the two lengths.
double DynamicShift(const FlowMatchConfig& config, int64_t image_tokens);

}  // namespace hanga
