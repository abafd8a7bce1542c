// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/samplers/registry.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/samplers/flow_match_euler.h"

namespace hanga {
namespace {

using MakeFunction = absl::StatusOr<std::unique_ptr<Sampler>> (*)(const nlohmann::json& config,
                                                                  const ScheduleRequest& request);

struct SamplerEntry {
  SamplerKind kind;
  std::string name;
  std::vector<std::string> aliases;
  MakeFunction make;
};

absl::StatusOr<std::unique_ptr<Sampler>> MakeFlowMatchEuler(const nlohmann::json& json,
                                                            const ScheduleRequest& request) {
  const absl::StatusOr<FlowMatchConfig> config = FlowMatchConfig::FromJson(json);
  if (!config.ok()) return config.status();
  absl::StatusOr<FlowSchedule> schedule = MakeFlowSchedule(*config, request);
  if (!schedule.ok()) return schedule.status();
  return std::make_unique<FlowMatchEuler>(*config, *std::move(schedule));
}

// A new sampler is one line here.
const std::vector<SamplerEntry>& Table() {
  static const auto* table = new std::vector<SamplerEntry>{
      {SamplerKind::kFlow,
       "flow_match_euler",
       {"euler", "FlowMatchEulerDiscreteScheduler", "FlowMatchEuler"},
       MakeFlowMatchEuler},
  };
  return *table;
}

absl::StatusOr<const SamplerEntry*> Find(SamplerKind kind, std::string_view name) {
  for (const SamplerEntry& entry : Table()) {
    if (entry.kind != kind) continue;
    if (entry.name == name ||
        std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end()) {
      return &entry;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("sampler: \"", std::string(name.substr(0, 64)),
                                                 "\" is not one of ",
                                                 absl::StrJoin(SamplerNames(kind), ", ")));
}

}  // namespace

absl::StatusOr<std::string> CanonicalSampler(SamplerKind kind, std::string_view name) {
  const absl::StatusOr<const SamplerEntry*> entry = Find(kind, name);
  if (!entry.ok()) return entry.status();
  return (*entry)->name;
}

std::vector<std::string> SamplerNames(SamplerKind kind) {
  std::vector<std::string> names;
  for (const SamplerEntry& entry : Table()) {
    if (entry.kind == kind) names.push_back(entry.name);
  }
  return names;
}

absl::StatusOr<nlohmann::json> WithSchedule(const nlohmann::json& config, std::string_view name) {
  nlohmann::json changed = config;
  if (name.empty() || name == "simple") return changed;
  if (name != "karras" && name != "exponential") {
    return absl::InvalidArgumentError(absl::StrCat("scheduler: \"", std::string(name.substr(0, 64)),
                                                   "\" is not one of simple, karras, exponential"));
  }
  changed["use_karras_sigmas"] = name == "karras";
  changed["use_exponential_sigmas"] = name == "exponential";
  changed["use_beta_sigmas"] = false;
  return changed;
}

absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(SamplerKind kind, std::string_view name,
                                                     const nlohmann::json& config,
                                                     const ScheduleRequest& request) {
  const absl::StatusOr<const SamplerEntry*> entry = Find(kind, name);
  if (!entry.ok()) return entry.status();
  return (*entry)->make(config, request);
}

}  // namespace hanga
