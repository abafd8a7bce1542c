// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Whether a model can draw what a request asks for. Free of Torch.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

inline constexpr size_t kMaxPromptBytes = 32'000;

// The sides of the picture to begin with, where none are asked for.
void TakeSizeOfPicture(GenerationRequest* request);

// INVALID_ARGUMENT names the field, its value and the limit. The sampler's and scheduler's names
// are not looked up here.
absl::Status CheckRequest(const GenerationRequest& request, const ModelLimits& limits);

// Every field of a request in one text: equal exactly where the requests are.
std::string CanonicalText(const GenerationRequest& request);

}  // namespace hanga
