// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/diffusion_config.h"

#include "worker/layers/config_reader.h"

namespace hanga {
namespace {

template <typename Enum>
struct Named {
  Enum value;
  const char* name;
};

constexpr Named<Prediction> kPredictions[] = {{Prediction::kNoise, "epsilon"},
                                              {Prediction::kVelocity, "v_prediction"},
                                              {Prediction::kSample, "sample"},
                                              {Prediction::kFlow, "flow_prediction"}};
constexpr Named<TimestepSpacing> kSpacings[] = {{TimestepSpacing::kLinspace, "linspace"},
                                                {TimestepSpacing::kLeading, "leading"},
                                                {TimestepSpacing::kTrailing, "trailing"}};
constexpr Named<BetaSchedule> kBetas[] = {{BetaSchedule::kLinear, "linear"},
                                          {BetaSchedule::kScaledLinear, "scaled_linear"},
                                          {BetaSchedule::kCosine, "squaredcos_cap_v2"}};

template <typename Enum, size_t N>
Enum Choose(ConfigReader& fields, const char* field, Enum fallback, const Named<Enum> (&all)[N]) {
  std::vector<std::string> names;
  std::string chosen;
  for (const auto& one : all) {
    names.emplace_back(one.name);
    if (one.value == fallback) chosen = one.name;
  }
  chosen = fields.Text(field, chosen, names);
  for (const auto& one : all) {
    if (chosen == one.name) return one.value;
  }
  return fallback;
}

SigmaSpacing ReadSpacing(ConfigReader& fields) {
  const bool karras = fields.Boolean("use_karras_sigmas", false);
  const bool exponential = fields.Boolean("use_exponential_sigmas", false);
  const bool beta = fields.Boolean("use_beta_sigmas", false);
  fields.Require(karras + exponential + beta <= 1, "use_karras_sigmas",
                 "the only spacing of sigmas that is on");
  if (karras) return SigmaSpacing::kKarras;
  if (exponential) return SigmaSpacing::kExponential;
  return beta ? SigmaSpacing::kBeta : SigmaSpacing::kPlain;
}

}  // namespace

ConfigReader SchedulerReader(const nlohmann::json& json) {
  return ConfigReader(json, "scheduler_config.json", absl::StatusCode::kFailedPrecondition);
}

absl::StatusOr<DiffusionConfig> DiffusionConfig::FromJson(const nlohmann::json& json,
                                                          DiffusionConfig c) {
  ConfigReader fields = SchedulerReader(json);
  c.num_train_timesteps =
      fields.Integer("num_train_timesteps", c.num_train_timesteps, {2, 1'000'000});
  c.beta_start = fields.Real("beta_start", c.beta_start, {0, 1});
  c.beta_end = fields.Real("beta_end", c.beta_end, {0, 0.9999});
  c.beta_schedule = Choose(fields, "beta_schedule", c.beta_schedule, kBetas);
  c.trained_betas = fields.Reals("trained_betas", {0, 1});
  fields.Require(c.trained_betas.empty() ||
                     static_cast<int64_t>(c.trained_betas.size()) == c.num_train_timesteps,
                 "trained_betas", "as long as num_train_timesteps");
  c.rescale_betas_zero_snr = fields.Boolean("rescale_betas_zero_snr", c.rescale_betas_zero_snr);
  c.prediction = Choose(fields, "prediction_type", c.prediction, kPredictions);
  c.timestep_spacing = Choose(fields, "timestep_spacing", c.timestep_spacing, kSpacings);
  c.steps_offset = fields.Integer("steps_offset", c.steps_offset, {0, c.num_train_timesteps - 1});
  c.sigma_spacing = ReadSpacing(fields);
  c.sigma_min = fields.OptionalReal("sigma_min", {1e-9, 1e9});
  c.sigma_max = fields.OptionalReal("sigma_max", {1e-9, 1e9});
  c.ends_at_sigma_min = fields.Text("final_sigmas_type", c.ends_at_sigma_min ? "sigma_min" : "zero",
                                    {"zero", "sigma_min"}) == "sigma_min";
  c.set_alpha_to_one = fields.Boolean("set_alpha_to_one", c.set_alpha_to_one);
  c.clip_sample = fields.Boolean("clip_sample", c.clip_sample);
  c.clip_sample_range = fields.Real("clip_sample_range", c.clip_sample_range, {0, 1e9});
  c.use_flow_sigmas = fields.Boolean("use_flow_sigmas", c.use_flow_sigmas);
  c.flow_shift = fields.Real("flow_shift", c.flow_shift, {1e-3, 1e3});
  fields.Require(!fields.Boolean("thresholding", false), "thresholding",
                 "false: it is for models of pixels");
  if (!fields.status().ok()) return fields.status();
  return c;
}

}  // namespace hanga
