// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whether a request can be served, before it becomes a job. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "hanga/v1/generation_service.pb.h"
#include "hanga/v1/model_service.pb.h"
#include "scheduler/schedule.h"
#include "scheduler/status_details.h"

namespace hanga {

// Everything wrong with a specification, by field ("spec.width"), value and limit. `model` says
// what is allowed; one that no worker has examined yet allows what the API does.
std::vector<FieldViolation> CheckSpec(const v1::GenerationSpec& spec, const v1::Model& model);

// The same for what surrounds it: request_id, labels, queue_deadline, priority.
std::vector<FieldViolation> CheckSubmit(const v1::SubmitJobRequest& request, absl::Time now);

// Fills the fields that are unset with the model's defaults (none before it was examined) and the
// API's, and the seed with `seed`.
void ResolveSpec(const v1::Model& model, uint64_t seed, v1::GenerationSpec* spec);

// What a resolved specification takes, as far as that is known before its pictures are seen: they
// count as large as the model's default.
WorkShape ShapeOf(const v1::GenerationSpec& spec, const v1::GenerationSpec& defaults);

}  // namespace hanga
