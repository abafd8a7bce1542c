// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A family without weights: it draws a small deterministic pattern from the prompt and the seed, at
// a speed that its file sets. For trying out a cluster, and for tests that kill and restart it.
//
// model_index.json: {"_class_name": "HangaNoopPipeline", "step_ms": 20, "encode_ms": 0,
//   "load_ms": 0, "default_steps": 20, "checkpoint_bytes": 64, "fail": "load" | "step" | "fault"}
// Every key but the first may be left out.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Whether the files are of this family.
bool IsNoop(const ModelFiles& files);

absl::StatusOr<ModelFacts> ExamineNoop(const ModelFiles& files);
absl::StatusOr<std::unique_ptr<Pipeline>> LoadNoop(const ModelFiles& files,
                                                   const LoadOptions& options);

}  // namespace hanga
