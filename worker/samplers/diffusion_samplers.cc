// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/diffusion_samplers.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/layers/config_reader.h"
#include "worker/samplers/alpha_sampler.h"
#include "worker/samplers/dpm_solver.h"
#include "worker/samplers/sigma_sampler.h"
#include "worker/samplers/unipc.h"

namespace hanga {
namespace {

using Made = absl::StatusOr<std::unique_ptr<Sampler>>;
using nlohmann::json;

absl::StatusOr<DiffusionConfig> ReadConfig(const json& config, const ScheduleRequest& request,
                                           DiffusionConfig defaults) {
  absl::StatusOr<DiffusionConfig> read = DiffusionConfig::FromJson(config, std::move(defaults));
  if (!read.ok()) return read;
  if (request.steps < 1 || request.steps >= read->num_train_timesteps) {
    return absl::InvalidArgumentError(
        absl::StrCat("steps: ", request.steps, " is outside 1 to ", read->num_train_timesteps - 1));
  }
  return read;
}

absl::Status CheckFinite(const std::vector<float>& levels, int64_t steps) {
  if (std::all_of(levels.begin(), levels.end(), [](float x) { return std::isfinite(x); }))
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("steps: the schedule has no finite levels for ", steps, " steps"));
}

DiffusionConfig LeadingDefaults() {
  DiffusionConfig c;
  c.timestep_spacing = TimestepSpacing::kLeading;
  c.clip_sample = true;
  return c;
}

// Configuration, noise levels and Euler's schedule of a sampler of Karras et al.
template <typename Make>
Made MakeSigma(const json& json, const ScheduleRequest& request, DiffusionConfig defaults,
               Make&& make) {
  const absl::StatusOr<DiffusionConfig> config = ReadConfig(json, request, std::move(defaults));
  if (!config.ok()) return config.status();
  const NoiseLevels levels = MakeNoiseLevels(*config, /*finite=*/true);
  DiffusionSchedule schedule = MakeSigmaSchedule(*config, levels, request.steps);
  if (absl::Status s = CheckFinite(schedule.sigmas, request.steps); !s.ok()) return s;
  return make(*config, std::move(schedule));
}

// The same of one that walks the model's own timesteps.
template <typename Make>
Made MakeAlpha(const json& json, const ScheduleRequest& request, DiffusionConfig defaults,
               Make&& make) {
  const absl::StatusOr<DiffusionConfig> config = ReadConfig(json, request, std::move(defaults));
  if (!config.ok()) return config.status();
  return make(*config, MakeNoiseLevels(*config, /*finite=*/false));
}

// The same of an exponential integrator. A flow model's shift stands for flow_shift.
template <typename Make>
Made MakeLambda(const json& json, const ScheduleRequest& request, LambdaSchedule kind,
                bool uniform_lambda, Make&& make) {
  absl::StatusOr<DiffusionConfig> config = ReadConfig(json, request, {});
  if (!config.ok()) return config.status();
  if (config->use_flow_sigmas) {
    ConfigReader fields = SchedulerReader(json);
    if (fields.Boolean("use_dynamic_shifting", false)) {
      if (!request.mu)
        return absl::InvalidArgumentError("shift: the schedule depends on the picture's size");
      config->flow_shift = std::exp(*request.mu);
    } else {
      config->flow_shift = fields.Real("shift", config->flow_shift, {1e-3, 1e3});
    }
    if (!fields.status().ok()) return fields.status();
  }
  const NoiseLevels levels = MakeNoiseLevels(*config, /*finite=*/true);
  DiffusionSchedule schedule =
      MakeLambdaSchedule(*config, levels, request.steps, kind, uniform_lambda);
  if (absl::Status s = CheckFinite(schedule.sigmas, request.steps); !s.ok()) return s;
  return make(*config, std::move(schedule));
}

// Other samplers' names for a solver's type stand for its usual one, as in diffusers.
absl::StatusOr<DpmSolverOptions> ReadDpmOptions(const json& json, int64_t highest_order) {
  ConfigReader fields = SchedulerReader(json);
  DpmSolverOptions options;
  options.order = fields.Integer("solver_order", 2, {1, highest_order});
  const std::string algorithm = fields.Text(
      "algorithm_type", "dpmsolver++", {"dpmsolver++", "sde-dpmsolver++", "dpmsolver", "deis"});
  if (algorithm == "sde-dpmsolver++") options.algorithm = DpmSolverOptions::Algorithm::kSdePlusPlus;
  if (algorithm == "dpmsolver") options.algorithm = DpmSolverOptions::Algorithm::kNoise;
  const std::string type =
      fields.Text("solver_type", "midpoint", {"midpoint", "heun", "bh1", "bh2", "logrho"});
  if (type == "heun") options.type = DpmSolverOptions::Type::kHeun;
  options.lower_order_final = fields.Boolean("lower_order_final", true);
  options.euler_at_final = fields.Boolean("euler_at_final", false);
  if (algorithm == "dpmsolver") {
    fields.Require(fields.Text("final_sigmas_type", "zero", {"zero", "sigma_min"}) == "sigma_min",
                   "final_sigmas_type", "sigma_min: this algorithm has no end at 0");
  }
  if (!fields.status().ok()) return fields.status();
  return options;
}

}  // namespace

Made MakeEuler(const json& json, const ScheduleRequest& request) {
  ConfigReader fields = SchedulerReader(json);
  fields.Text("interpolation_type", "linear", {"linear"});
  const bool continuous =
      fields.Text("timestep_type", "discrete", {"discrete", "continuous"}) == "continuous";
  if (!fields.status().ok()) return fields.status();
  return MakeSigma(json, request, {}, [&](const DiffusionConfig& c, DiffusionSchedule schedule) {
    // Models of continuous time are told a quarter of the logarithm of their level.
    if (continuous && c.prediction == Prediction::kVelocity) {
      for (size_t i = 0; i < schedule.timesteps.size(); ++i)
        schedule.timesteps[i] = 0.25f * std::log(schedule.sigmas[i]);
    }
    return std::make_unique<Euler>(c, std::move(schedule));
  });
}

Made MakeEulerAncestral(const json& json, const ScheduleRequest& request) {
  return MakeSigma(json, request, {}, [](DiffusionConfig c, DiffusionSchedule schedule) {
    return std::make_unique<EulerAncestral>(c, std::move(schedule));
  });
}

Made MakeHeun(const json& json, const ScheduleRequest& request) {
  DiffusionConfig defaults;
  defaults.beta_start = 0.00085;
  defaults.beta_end = 0.012;
  return MakeSigma(json, request, defaults, [](DiffusionConfig c, DiffusionSchedule schedule) {
    return std::make_unique<Heun>(c, std::move(schedule));
  });
}

Made MakeLms(const json& json, const ScheduleRequest& request) {
  return MakeSigma(json, request, {}, [](DiffusionConfig c, DiffusionSchedule schedule) {
    return std::make_unique<LinearMultistep>(c, std::move(schedule));
  });
}

Made MakeDdim(const json& json, const ScheduleRequest& request) {
  return MakeAlpha(json, request, LeadingDefaults(), [&](DiffusionConfig c, NoiseLevels levels) {
    const std::vector<double> timesteps = SpaceTimesteps(c, request.steps, /*whole=*/true);
    return std::make_unique<Ddim>(c, std::move(levels), timesteps, request.eta);
  });
}

Made MakeDdpm(const json& json, const ScheduleRequest& request) {
  ConfigReader fields = SchedulerReader(json);
  const bool large =
      fields.Text("variance_type", "fixed_small", {"fixed_small", "fixed_large"}) == "fixed_large";
  if (!fields.status().ok()) return fields.status();
  return MakeAlpha(json, request, LeadingDefaults(), [&](DiffusionConfig c, NoiseLevels levels) {
    const std::vector<double> timesteps = SpaceTimesteps(c, request.steps, /*whole=*/true);
    return std::make_unique<Ddpm>(
        c, std::move(levels), timesteps,
        large ? Ddpm::Variance::kFixedLarge : Ddpm::Variance::kFixedSmall);
  });
}

Made MakePndm(const json& json, const ScheduleRequest& request) {
  ConfigReader fields = SchedulerReader(json);
  fields.Require(fields.Boolean("skip_prk_steps", false), "skip_prk_steps",
                 "true: there is no Runge-Kutta start");
  if (!fields.status().ok()) return fields.status();
  DiffusionConfig defaults = LeadingDefaults();
  defaults.clip_sample = defaults.set_alpha_to_one = false;
  return MakeAlpha(json, request, defaults, [&](DiffusionConfig c, NoiseLevels levels) {
    c.clip_sample = false;  // PNDM has no such thing, whatever a configuration carries along
    std::vector<double> timesteps = SpaceTimesteps(c, request.steps, /*whole=*/true);
    std::reverse(timesteps.begin(), timesteps.end());
    return std::make_unique<PseudoLinearMultistep>(c, std::move(levels), timesteps,
                                                   c.num_train_timesteps / request.steps);
  });
}

Made MakeLcm(const json& json, const ScheduleRequest& request) {
  ConfigReader fields = SchedulerReader(json);
  const int64_t original = fields.Integer("original_inference_steps", 50, {1, 1000});
  const double scaling = fields.Real("timestep_scaling", 10, {0, 1e6});
  if (!fields.status().ok()) return fields.status();
  if (request.steps > original) {
    return absl::InvalidArgumentError(absl::StrCat("steps: ", request.steps, " is above the ",
                                                   original, " that the model was distilled from"));
  }
  DiffusionConfig defaults;
  defaults.beta_start = 0.00085;
  defaults.beta_end = 0.012;
  defaults.beta_schedule = BetaSchedule::kScaledLinear;
  return MakeAlpha(json, request, defaults, [&](DiffusionConfig c, NoiseLevels levels) {
    // Every so many of the timesteps that it was distilled on, from the noisiest.
    const int64_t stride = c.num_train_timesteps / original;
    std::vector<double> timesteps;
    for (int64_t i = 0; i < request.steps; ++i)
      timesteps.push_back(
          static_cast<double>((original - i * original / request.steps) * stride - 1));
    return std::make_unique<LatentConsistency>(c, std::move(levels), timesteps, scaling);
  });
}

Made MakeDpmMultistep(const json& json, const ScheduleRequest& request) {
  const absl::StatusOr<DpmSolverOptions> options = ReadDpmOptions(json, 3);
  if (!options.ok()) return options.status();
  ConfigReader fields = SchedulerReader(json);
  const bool uniform = fields.Boolean("use_lu_lambdas", false);
  if (!fields.status().ok()) return fields.status();
  return MakeLambda(json, request, LambdaSchedule::kDpmSolver, uniform,
                    [&](const DiffusionConfig& c, DiffusionSchedule schedule) {
                      return std::make_unique<DpmSolverMultistep>(c, std::move(schedule), *options);
                    });
}

Made MakeDpmSinglestep(const json& json, const ScheduleRequest& request) {
  const absl::StatusOr<DpmSolverOptions> options = ReadDpmOptions(json, 2);
  if (!options.ok()) return options.status();
  nlohmann::json spaced = json;
  spaced["timestep_spacing"] = "linspace";  // it knows no other
  return MakeLambda(spaced, request, LambdaSchedule::kDpmSolver, /*uniform_lambda=*/false,
                    [&](const DiffusionConfig& c, DiffusionSchedule schedule) {
                      return std::make_unique<DpmSolverSinglestep>(c, std::move(schedule),
                                                                   *options);
                    });
}

Made MakeUniPc(const json& json, const ScheduleRequest& request) {
  ConfigReader fields = SchedulerReader(json);
  UniPcOptions options;
  options.order = fields.Integer("solver_order", 2, {1, 3});
  options.exponential_scale =
      fields.Text("solver_type", "bh2", {"bh1", "bh2", "midpoint", "heun", "logrho"}) != "bh1";
  options.lower_order_final = fields.Boolean("lower_order_final", true);
  fields.Require(fields.Boolean("predict_x0", true), "predict_x0", "true");
  const auto uncorrected = json.find("disable_corrector");
  if (uncorrected != json.end() && uncorrected->is_array()) {
    for (const auto& step : *uncorrected) {
      fields.Require(step.is_number_integer(), "disable_corrector", "an array of steps");
      if (fields.status().ok()) options.uncorrected.push_back(step.get<int64_t>());
    }
  }
  if (!fields.status().ok()) return fields.status();
  return MakeLambda(json, request, LambdaSchedule::kUniPc, /*uniform_lambda=*/false,
                    [&](const DiffusionConfig& c, DiffusionSchedule schedule) {
                      return std::make_unique<UniPc>(c, std::move(schedule), options);
                    });
}

}  // namespace hanga
