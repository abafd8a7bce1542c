// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/registry.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/samplers/diffusion_samplers.h"
#include "worker/samplers/flow_match_euler.h"
#include "worker/samplers/flow_match_heun.h"

namespace hanga {
namespace {

using nlohmann::json;

struct SamplerEntry {
  SamplerKind kind;
  std::string name;
  std::string class_name;            // of diffusers; the first entry with it is the class's own
  std::vector<std::string> aliases;  // as other programs spell them
  MakeSamplerFunction make;
  json says;  // what the name says of the configuration
};

template <typename Make>
absl::StatusOr<std::unique_ptr<Sampler>> MakeFlow(const json& json, const ScheduleRequest& request,
                                                  Make&& make) {
  const absl::StatusOr<FlowMatchConfig> config = FlowMatchConfig::FromJson(json);
  if (!config.ok()) return config.status();
  absl::StatusOr<FlowSchedule> schedule = MakeFlowSchedule(*config, request);
  if (!schedule.ok()) return schedule.status();
  return make(*config, *std::move(schedule));
}

absl::StatusOr<std::unique_ptr<Sampler>> MakeFlowMatchEuler(const json& json,
                                                            const ScheduleRequest& request) {
  return MakeFlow(json, request, [](const FlowMatchConfig& config, FlowSchedule schedule) {
    return std::make_unique<FlowMatchEuler>(config, std::move(schedule));
  });
}

absl::StatusOr<std::unique_ptr<Sampler>> MakeFlowMatchHeun(const json& json,
                                                           const ScheduleRequest& request) {
  return MakeFlow(json, request, [](const FlowMatchConfig&, const FlowSchedule& schedule) {
    return std::make_unique<FlowMatchHeun>(schedule);
  });
}

// A new sampler is one line here.
const std::vector<SamplerEntry>& Table() {
  constexpr auto kFlow = SamplerKind::kFlow, kDiffusion = SamplerKind::kDiffusion;
  const json flow = {{"prediction_type", "flow_prediction"}, {"use_flow_sigmas", true}};
  const auto dpm = [](const char* algorithm, int order, json says = json::object()) {
    says["algorithm_type"] = algorithm;
    says["solver_order"] = order;
    return says;
  };
  const std::string multistep = "DPMSolverMultistepScheduler";
  const std::string singlestep = "DPMSolverSinglestepScheduler";
  const std::string unipc = "UniPCMultistepScheduler";
  static const auto* table = new std::vector<SamplerEntry>{
      {kFlow,
       "flow_match_euler",
       "FlowMatchEulerDiscreteScheduler",
       {"euler", "FlowMatchEuler"},
       MakeFlowMatchEuler,
       json::object()},
      {kFlow,
       "flow_match_heun",
       "FlowMatchHeunDiscreteScheduler",
       {"heun", "FlowMatchHeun"},
       MakeFlowMatchHeun,
       json::object()},
      {kFlow, "dpmpp_2m", multistep, {"DPM++ 2M"}, MakeDpmMultistep, dpm("dpmsolver++", 2, flow)},
      {kFlow,
       "dpmpp_2m_sde",
       multistep,
       {"DPM++ 2M SDE"},
       MakeDpmMultistep,
       dpm("sde-dpmsolver++", 2, flow)},
      {kFlow, "unipc", unipc, {"uni_pc", "uni_pc_bh2"}, MakeUniPc, flow},
      {kDiffusion, "euler", "EulerDiscreteScheduler", {}, MakeEuler, json::object()},
      {kDiffusion,
       "euler_a",
       "EulerAncestralDiscreteScheduler",
       {"Euler a", "euler_ancestral"},
       MakeEulerAncestral,
       json::object()},
      {kDiffusion, "heun", "HeunDiscreteScheduler", {}, MakeHeun, json::object()},
      {kDiffusion, "lms", "LMSDiscreteScheduler", {}, MakeLms, json::object()},
      {kDiffusion, "ddim", "DDIMScheduler", {}, MakeDdim, json::object()},
      {kDiffusion, "ddpm", "DDPMScheduler", {}, MakeDdpm, json::object()},
      {kDiffusion, "pndm", "PNDMScheduler", {"PLMS"}, MakePndm, {{"skip_prk_steps", true}}},
      {kDiffusion, "dpmpp_2m", multistep, {"DPM++ 2M"}, MakeDpmMultistep, dpm("dpmsolver++", 2)},
      {kDiffusion,
       "dpmpp_2m_sde",
       multistep,
       {"DPM++ 2M SDE", "dpmpp_2m_sde_gpu"},
       MakeDpmMultistep,
       dpm("sde-dpmsolver++", 2)},
      {kDiffusion,
       "dpmpp_3m_sde",
       multistep,
       {"DPM++ 3M SDE", "dpmpp_3m_sde_gpu"},
       MakeDpmMultistep,
       dpm("sde-dpmsolver++", 3)},
      {kDiffusion, "dpmpp_2s", singlestep, {"DPM++ 2S"}, MakeDpmSinglestep, dpm("dpmsolver++", 2)},
      {kDiffusion,
       "dpmpp_sde",
       singlestep,
       {"DPM++ SDE", "dpmpp_sde_gpu"},
       MakeDpmSinglestep,
       dpm("sde-dpmsolver++", 2)},
      {kDiffusion, "unipc", unipc, {"uni_pc", "uni_pc_bh2"}, MakeUniPc, json::object()},
      {kDiffusion, "lcm", "LCMScheduler", {}, MakeLcm, json::object()},
  };
  return *table;
}

struct ScheduleName {
  const char* name;
  const char* field;  // of scheduler_config.json
  json value;
};

const std::vector<ScheduleName>& Schedules() {
  static const auto* schedules = new std::vector<ScheduleName>{
      {"simple", "", nullptr},
      {"karras", "use_karras_sigmas", true},
      {"exponential", "use_exponential_sigmas", true},
      {"beta", "use_beta_sigmas", true},
      {"normal", "timestep_spacing", "linspace"},
      {"sgm_uniform", "timestep_spacing", "trailing"},
      {"ddim_uniform", "timestep_spacing", "leading"},
  };
  return *schedules;
}

// The name without the schedule that it ends in, in lower case.
std::string BareName(std::string_view name) {
  std::string bare = absl::AsciiStrToLower({name.data(), name.size()});
  const std::string schedule = ScheduleOfSampler(name);
  if (!schedule.empty()) bare.resize(bare.size() - schedule.size() - 1);
  return bare;
}

struct Found {
  const SamplerEntry* entry;
  bool by_class;  // the name leaves the algorithm to the configuration
};

absl::StatusOr<Found> Find(SamplerKind kind, std::string_view name) {
  const std::string bare = BareName(name);
  for (const SamplerEntry& entry : Table()) {
    if (entry.kind != kind) continue;
    if (entry.class_name == name) return Found{&entry, true};
    const bool alias =
        std::any_of(entry.aliases.begin(), entry.aliases.end(),
                    [&](const std::string& a) { return absl::AsciiStrToLower(a) == bare; });
    if (entry.name == bare || alias) return Found{&entry, false};
  }
  return absl::InvalidArgumentError(absl::StrCat("sampler: \"", std::string(name.substr(0, 64)),
                                                 "\" is not one of ",
                                                 absl::StrJoin(SamplerNames(kind), ", ")));
}

}  // namespace

std::string ScheduleOfSampler(std::string_view name) {
  const std::string lower = absl::AsciiStrToLower({name.data(), name.size()});
  for (const char* schedule : {"karras", "exponential"}) {
    if (absl::EndsWith(lower, absl::StrCat(" ", schedule))) return schedule;
  }
  return "";
}

absl::StatusOr<std::string> CanonicalSampler(SamplerKind kind, std::string_view name) {
  const absl::StatusOr<Found> found = Find(kind, name);
  if (!found.ok()) return found.status();
  return found->entry->name;
}

std::string SamplerOfConfig(SamplerKind kind, const json& config) {
  const auto text = [&](const char* field) {
    const auto found = config.find(field);
    return found != config.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const std::string class_name = text("_class_name"), algorithm = text("algorithm_type");
  const SamplerEntry* first = nullptr;
  for (const SamplerEntry& entry : Table()) {
    if (entry.kind != kind || entry.class_name != class_name) continue;
    if (first == nullptr) first = &entry;
    if (!algorithm.empty() && entry.says.value("algorithm_type", "") == algorithm)
      return entry.name;
  }
  return first != nullptr ? first->name : SamplerNames(kind).front();
}

std::vector<std::string> SamplerNames(SamplerKind kind) {
  std::vector<std::string> names;
  for (const SamplerEntry& entry : Table()) {
    if (entry.kind == kind) names.push_back(entry.name);
  }
  return names;
}

std::vector<std::string> AcceptedSamplers(SamplerKind kind) {
  std::vector<std::string> names = SamplerNames(kind);
  for (const SamplerEntry& entry : Table()) {
    if (entry.kind != kind) continue;
    names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
    if (std::find(names.begin(), names.end(), entry.class_name) == names.end())
      names.push_back(entry.class_name);
    for (const std::string& alias : entry.aliases) {
      if (absl::StartsWith(alias, "DPM++")) names.push_back(absl::StrCat(alias, " Karras"));
    }
  }
  return names;
}

absl::StatusOr<json> WithSchedule(const json& config, std::string_view name) {
  json changed = config;
  if (name.empty()) return changed;
  std::vector<std::string> names;
  for (const ScheduleName& schedule : Schedules()) {
    names.emplace_back(schedule.name);
    if (schedule.name != name) continue;
    if (schedule.value.is_null()) return changed;
    for (const char* other : {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"})
      changed[other] = false;
    changed[schedule.field] = schedule.value;
    return changed;
  }
  return absl::InvalidArgumentError(absl::StrCat("scheduler: \"", std::string(name.substr(0, 64)),
                                                 "\" is not one of ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(SamplerKind kind, std::string_view name,
                                                     const json& config,
                                                     const ScheduleRequest& request) {
  const absl::StatusOr<Found> found = Find(kind, name);
  if (!found.ok()) return found.status();
  json complete = config;
  if (!found->by_class) complete.update(found->entry->says);
  return found->entry->make(complete, request);
}

}  // namespace hanga
