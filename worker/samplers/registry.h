// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Samplers by name.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/samplers/flow_schedule.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// What a model's noise means to it; a sampler serves models of its own kind.
enum class SamplerKind { kFlow, kDiffusion };

// The sampler's name for one of its names: diffusers' class, ours, or what A1111 and ComfyUI call
// it ("DPM++ 2M Karras" too). Case does not count. INVALID_ARGUMENT lists the names that models of
// this kind may use.
absl::StatusOr<std::string> CanonicalSampler(SamplerKind kind, std::string_view name);

// The schedule that a name brings along: "karras" of "DPM++ 2M Karras"; empty if it brings none.
std::string ScheduleOfSampler(std::string_view name);

// The sampler that a scheduler_config.json is of, by its _class_name and algorithm_type; the kind's
// first where that class is not known.
std::string SamplerOfConfig(SamplerKind kind, const nlohmann::json& config);

// Canonical names, in the order in which users should see them.
std::vector<std::string> SamplerNames(SamplerKind kind);

// Every name that CanonicalSampler takes, canonical ones first, as their programs spell them.
std::vector<std::string> AcceptedSamplers(SamplerKind kind);

// The configuration with the schedule of that name: "simple" (as the model has it), "karras",
// "exponential", "beta", "normal" (timesteps from the first to the last), "sgm_uniform" (trailing),
// "ddim_uniform" (leading). INVALID_ARGUMENT lists the names.
absl::StatusOr<nlohmann::json> WithSchedule(const nlohmann::json& config, std::string_view name);

// A sampler at its first step. `config` is a scheduler_config.json; its _class_name is not read. A
// class's name takes its algorithm from `config`, any other name says it.
absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(SamplerKind kind, std::string_view name,
                                                     const nlohmann::json& config,
                                                     const ScheduleRequest& request);

}  // namespace hanga
