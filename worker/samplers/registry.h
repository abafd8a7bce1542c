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
enum class SamplerKind { kFlow };

// The sampler's name for one of its names: diffusers' class, ours, or what other programs call it.
// INVALID_ARGUMENT lists the names that models of this kind may use.
absl::StatusOr<std::string> CanonicalSampler(SamplerKind kind, std::string_view name);

// Canonical names, in the order in which users should see them.
std::vector<std::string> SamplerNames(SamplerKind kind);

// The configuration with the sigma schedule of that name: "simple" (as the model has it), "karras",
// "exponential". INVALID_ARGUMENT lists the names.
absl::StatusOr<nlohmann::json> WithSchedule(const nlohmann::json& config, std::string_view name);

// A sampler at its first step. `config` is a scheduler_config.json; its _class_name is not read.
absl::StatusOr<std::unique_ptr<Sampler>> MakeSampler(SamplerKind kind, std::string_view name,
                                                     const nlohmann::json& config,
                                                     const ScheduleRequest& request);

}  // namespace hanga
