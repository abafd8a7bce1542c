// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga.json: what an operator may say about a model beside its model_index.json. See
// docs/formats/model-settings.md.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Writes the settings over the family's defaults and limits. Settings may only narrow limits.
// FAILED_PRECONDITION names the field, its value and what it may be; unknown fields are errors.
absl::Status ApplyModelSettings(const nlohmann::json& settings, ModelLimits* limits,
                                GenerationRequest* defaults);

}  // namespace hanga
