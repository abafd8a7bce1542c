// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/flow_schedule.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

// Reads one optional field; null counts as absent, as in diffusers.
template <typename T>
absl::Status Read(const nlohmann::json& config, const char* name, T* value) {
  const auto field = config.find(name);
  if (field == config.end() || field->is_null()) return absl::OkStatus();
  const bool fits = std::is_same_v<T, bool>          ? field->is_boolean()
                    : std::is_same_v<T, std::string> ? field->is_string()
                    : std::is_integral_v<T>          ? field->is_number_integer()
                                                     : field->is_number();
  if (!fits) {
    return absl::FailedPreconditionError(
        absl::StrCat("scheduler_config.json: ", name, " has the value ", field->dump()));
  }
  *value = field->get<T>();
  return absl::OkStatus();
}

// Shifts and stretches in T's precision: diffusers works in float32 on levels that the model gives
// and in float64 on its own.
template <typename T>
std::vector<double> Shift(const FlowMatchConfig& config, std::optional<double> mu,
                          const std::vector<double>& levels) {
  std::vector<T> shifted;
  for (const double level : levels) {
    const T t = static_cast<T>(level);
    if (config.use_dynamic_shifting) {
      const T m = static_cast<T>(config.time_shift == TimeShift::kLinear ? *mu : std::exp(*mu));
      shifted.push_back(m / (m + (T(1) / t - T(1))));
    } else {
      shifted.push_back(static_cast<T>(config.shift) * t /
                        (T(1) + static_cast<T>(config.shift - 1) * t));
    }
  }
  // A terminal level of 0 counts as none.
  if (config.shift_terminal.value_or(0) != 0) {
    const T scale = (T(1) - shifted.back()) / static_cast<T>(1 - *config.shift_terminal);
    for (T& level : shifted) level = T(1) - (T(1) - level) / scale;
  }
  return {shifted.begin(), shifted.end()};
}

// The levels of the whole training schedule at its two ends, as float32 gives them.
std::vector<double> OwnLevels(const FlowMatchConfig& config, int64_t steps) {
  const auto timesteps = static_cast<double>(config.num_train_timesteps);
  const auto end = [&](float level) {
    if (!config.use_dynamic_shifting) {
      const auto shift = static_cast<float>(config.shift);
      level = shift * level / (1 + static_cast<float>(config.shift - 1) * level);
    }
    return level * timesteps;
  };
  std::vector<double> levels =
      LinearSpace(end(1.0f), end(1.0f / static_cast<float>(config.num_train_timesteps)), steps);
  for (double& level : levels) level /= timesteps;
  return levels;
}

}  // namespace

absl::StatusOr<FlowMatchConfig> FlowMatchConfig::FromJson(const nlohmann::json& json) {
  FlowMatchConfig config;
  std::string time_shift = "exponential";
  bool karras = false, exponential = false, beta = false;
  double terminal = 0;
  for (const absl::Status& status :
       {Read(json, "num_train_timesteps", &config.num_train_timesteps),
        Read(json, "shift", &config.shift),
        Read(json, "use_dynamic_shifting", &config.use_dynamic_shifting),
        Read(json, "base_shift", &config.base_shift), Read(json, "max_shift", &config.max_shift),
        Read(json, "base_image_seq_len", &config.base_image_seq_len),
        Read(json, "max_image_seq_len", &config.max_image_seq_len),
        Read(json, "invert_sigmas", &config.invert_sigmas), Read(json, "shift_terminal", &terminal),
        Read(json, "use_karras_sigmas", &karras),
        Read(json, "use_exponential_sigmas", &exponential), Read(json, "use_beta_sigmas", &beta),
        Read(json, "time_shift_type", &time_shift),
        Read(json, "stochastic_sampling", &config.stochastic_sampling)}) {
    if (!status.ok()) return status;
  }
  const auto unusable = [](const std::string& what) {
    return absl::FailedPreconditionError(absl::StrCat("scheduler_config.json: ", what));
  };
  if (config.num_train_timesteps < 1 || config.num_train_timesteps > 1'000'000) {
    return unusable(absl::StrCat("num_train_timesteps ", config.num_train_timesteps,
                                 " is outside 1 to 1000000"));
  }
  if (!(config.shift > 0))
    return unusable(absl::StrCat("shift ", config.shift, " is not positive"));
  if (config.max_image_seq_len <= config.base_image_seq_len) {
    return unusable("max_image_seq_len is not above base_image_seq_len");
  }
  if (karras + exponential + beta > 1) return unusable("more than one spacing of sigmas is on");
  if (karras) config.spacing = SigmaSpacing::kKarras;
  if (exponential) config.spacing = SigmaSpacing::kExponential;
  if (beta) config.spacing = SigmaSpacing::kBeta;
  if (time_shift == "linear") {
    config.time_shift = TimeShift::kLinear;
  } else if (time_shift != "exponential") {
    return unusable(absl::StrCat("time_shift_type \"", time_shift, "\" is not known"));
  }
  if (terminal != 0) config.shift_terminal = terminal;
  if (terminal < 0 || terminal >= 1) return unusable("shift_terminal is outside 0 to 1");
  return config;
}

double DynamicShift(const FlowMatchConfig& config, int64_t image_tokens) {
  const double slope = (config.max_shift - config.base_shift) /
                       static_cast<double>(config.max_image_seq_len - config.base_image_seq_len);
  const double base = config.base_shift - slope * static_cast<double>(config.base_image_seq_len);
  return static_cast<double>(image_tokens) * slope + base;
}

absl::StatusOr<FlowSchedule> MakeFlowSchedule(const FlowMatchConfig& config,
                                              const ScheduleRequest& request) {
  if (request.steps < 1) {
    return absl::InvalidArgumentError(absl::StrCat("steps: ", request.steps, " is below 1"));
  }
  if (config.use_dynamic_shifting && !request.mu) {
    return absl::InvalidArgumentError("shift: the schedule depends on the picture's size");
  }
  std::vector<double> levels =
      request.sigmas.empty() ? Shift<double>(config, request.mu, OwnLevels(config, request.steps))
                             : Shift<float>(config, request.mu, request.sigmas);
  if (config.spacing != SigmaSpacing::kPlain) {
    levels = SpaceSigmas(config.spacing, levels.front(), levels.back(),
                         static_cast<int64_t>(levels.size()));
  }

  FlowSchedule schedule;
  for (const double level : levels) {
    const auto sigma = static_cast<float>(level);
    if (!std::isfinite(sigma)) {
      return absl::InvalidArgumentError(
          absl::StrCat("steps: the schedule has no finite levels for ", request.steps, " steps"));
    }
    schedule.sigmas.push_back(config.invert_sigmas ? 1.0f - sigma : sigma);
    schedule.timesteps.push_back(schedule.sigmas.back() *
                                 static_cast<float>(config.num_train_timesteps));
  }
  schedule.sigmas.push_back(config.invert_sigmas ? 1.0f : 0.0f);
  return schedule;
}

}  // namespace hanga
