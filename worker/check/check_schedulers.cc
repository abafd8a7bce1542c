// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/check/case_kinds.h"
#include "worker/check/compare.h"
#include "worker/samplers/registry.h"

namespace hanga {
namespace {

constexpr double kScheduleTolerance = 1e-6;

// Hands out the recorded noise in order.
class NoiseTape final : public NoiseSource {
 public:
  explicit NoiseTape(at::Tensor tape) : tape_(std::move(tape)) {}
  at::Tensor Draw(at::IntArrayRef shape) override { return tape_[next_++].reshape(shape); }

 private:
  at::Tensor tape_;  // [draws, ...]
  int64_t next_ = 0;
};

// m(x, t) = a x + b sin(c x + w t): stands in for a network.
at::Tensor AnalyticModel(const nlohmann::json& m, const at::Tensor& x, float t) {
  return m.at("a").get<double>() * x +
         m.at("b").get<double>() *
             at::sin(m.at("c").get<double>() * x + m.at("w").get<double>() * double{t});
}

SamplerKind KindOf(const nlohmann::json& configuration) {
  const std::string name = configuration.at("class");
  const bool flow = absl::StartsWith(name, "FlowMatch") ||
                    configuration.at("config").value("prediction_type", "") == "flow_prediction";
  return flow ? SamplerKind::kFlow : SamplerKind::kDiffusion;
}

class ConfigurationCheck {
 public:
  ConfigurationCheck(const GoldenCase& golden, const nlohmann::json& configuration,
                     at::Device device, RunResult* result)
      : golden_(golden), configuration_(configuration), device_(device), result_(result) {}

  absl::Status Run() {
    for (const int64_t steps : golden_.info.at("steps").get<std::vector<int64_t>>()) {
      if (absl::Status s = CheckSchedule(steps); !s.ok()) return s;
    }
    int64_t longest = 0;
    for (const auto& [steps, trajectory] : configuration_.at("trajectories").items()) {
      if (absl::Status s = CheckTrajectory(std::stoll(steps)); !s.ok()) return s;
      longest = std::max<int64_t>(longest, std::stoll(steps));
    }
    return CheckAddNoise(longest);
  }

 private:
  absl::StatusOr<std::unique_ptr<Sampler>> Make(int64_t steps) const {
    ScheduleRequest request;
    request.steps = steps;
    const nlohmann::json& set = configuration_.at("set_timesteps");
    if (set.contains("mu")) request.mu = set.at("mu").get<double>();
    if (set.value("sigmas", "") == "linspace") {
      request.sigmas = LinearSpace(1.0, 1.0 / static_cast<double>(steps), steps);
    }
    request.eta = configuration_.at("step").value("eta", 0.0);
    return MakeSampler(KindOf(configuration_), configuration_.at("class").get<std::string>(),
                       configuration_.at("config"), request);
  }

  at::Tensor Output(int64_t steps, const std::string& name) const {
    return golden_.Output(absl::StrCat(result_->run, "/", steps, ".", name));
  }

  absl::Status CheckSchedule(int64_t steps) {
    const at::Tensor timesteps = Output(steps, "timesteps");
    if (!timesteps.defined()) return absl::OkStatus();  // the reference has none either
    const absl::StatusOr<std::unique_ptr<Sampler>> sampler = Make(steps);
    if (!sampler.ok()) return sampler.status();
    const auto compare = [&](const std::string& name, const at::Tensor& ours) {
      Compare(absl::StrCat(steps, ".", name), ours, Output(steps, name), kScheduleTolerance,
              result_);
    };
    compare("timesteps", at::tensor((*sampler)->timesteps()));
    compare("sigmas", at::tensor((*sampler)->sigmas()));
    compare("init_noise_sigma", at::scalar_tensor((*sampler)->init_noise_sigma()));
    return absl::OkStatus();
  }

  absl::Status CheckTrajectory(int64_t steps) {
    const absl::StatusOr<std::unique_ptr<Sampler>> made = Make(steps);
    if (!made.ok()) return made.status();
    Sampler& sampler = **made;
    NoiseTape tape(golden_.Input("common.noise"));
    at::Tensor x = golden_.Input("common.x_T").to(device_) * sampler.init_noise_sigma();
    std::vector<at::Tensor> states = {x};
    while (sampler.step() < sampler.steps()) {
      const float t = sampler.timesteps()[sampler.step()];
      x = sampler.Step(AnalyticModel(golden_.info.at("model"), sampler.ScaleInput(x), t), x, tape);
      states.push_back(x);
    }
    Compare(absl::StrCat(steps, ".trajectory"), at::stack(states), Output(steps, "trajectory"),
            golden_.info.value("tolerance_rel_l2", 2e-5), result_);
    return absl::OkStatus();
  }

  absl::Status CheckAddNoise(int64_t steps) {
    const at::Tensor reference = golden_.Output(absl::StrCat(result_->run, ".add_noise"));
    if (!reference.defined()) return absl::OkStatus();
    const absl::StatusOr<std::unique_ptr<Sampler>> sampler = Make(steps);
    if (!sampler.ok()) return sampler.status();
    (*sampler)->StartAt(configuration_.at("add_noise_index").get<int64_t>());
    Compare("add_noise",
            (*sampler)->AddNoise(golden_.Input("common.clean"), golden_.Input("common.noise")[0]),
            reference, golden_.info.value("tolerance_rel_l2", 2e-5), result_);
    return absl::OkStatus();
  }

  const GoldenCase& golden_;
  const nlohmann::json& configuration_;
  const at::Device device_;
  RunResult* const result_;
};

// Why a configuration cannot be run; empty if it can.
std::string Unknown(const nlohmann::json& configuration) {
  const std::string name = configuration.at("class");
  if (const auto known = CanonicalSampler(KindOf(configuration), name); !known.ok()) {
    return absl::StrCat("the sampler ", name, " is not known");
  }
  ScheduleRequest request;
  request.steps = 10;
  request.mu = 0;
  const auto made = MakeSampler(KindOf(configuration), name, configuration.at("config"), request);
  if (absl::IsFailedPrecondition(made.status())) return std::string(made.status().message());
  return "";
}

}  // namespace

void CheckSchedulers(const GoldenCase& golden, at::Device device, Report* report) {
  for (const auto& [name, configuration] : golden.info.at("configurations").items()) {
    RunResult& result = report->Add(golden.name, name, "");
    result.unknown = Unknown(configuration);
    if (!result.unknown.empty()) continue;
    result.failure = ConfigurationCheck(golden, configuration, device, &result).Run();
  }
}

}  // namespace hanga
