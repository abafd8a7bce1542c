// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model that denoises a grid of latents, over the ranks of a group.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "placement/plan.h"
#include "worker/pipelines/device_group.h"
#include "worker/pipelines/model_layout.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// The blocks of a rank that follows.
absl::StatusOr<std::unique_ptr<RankPart>> LoadLatentPart(const ModelLayout& layout,
                                                         const LoadOptions& options,
                                                         const placement::Plan& plan, int rank);

}  // namespace hanga
