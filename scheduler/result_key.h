// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which requests draw the same pictures. Pure.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "hanga/v1/model_service.pb.h"
#include "scheduler/digest.h"

namespace hanga {

// Equal for two requests of one tenant whose pictures are equal: the same content of the model's
// files in the same deployment (`revision`), and the same value of every field of the resolved
// `spec` that reaches the picture. Nothing where that cannot be said: the model was not examined,
// or the seed is open.
std::optional<Digest> ResultKey(absl::string_view tenant, const v1::Model& model,
                                absl::string_view revision, v1::GenerationSpec spec);

}  // namespace hanga
