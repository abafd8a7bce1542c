// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// hanga-noop-worker is hanga-worker with the family without weights alone. It starts in a tenth of
// the time, since it needs no LibTorch, and so takes more ill-treatment a second; program, agent
// and link are the same.
#include <cstdio>

#include "worker/check/check_main.h"
#include "worker/draw/draw_main.h"
#include "worker/pipelines/device.h"
#include "worker/pipelines/noop_pipeline.h"

namespace hanga {
namespace {

absl::Status NotNoop() {
  return absl::InvalidArgumentError("model: this worker knows HangaNoopPipeline alone");
}

int Refuse(const char* command) {
  std::fprintf(stderr, "hanga-noop-worker has no models to %s with; use hanga-worker\n", command);
  return 78;
}

}  // namespace

absl::StatusOr<ModelFacts> ExamineModel(const ModelFiles& files) {
  if (!IsNoop(files)) return NotNoop();
  return ExamineNoop(files);
}

absl::StatusOr<std::unique_ptr<Pipeline>> LoadPipeline(const ModelFiles& files,
                                                       const LoadOptions& options) {
  if (!IsNoop(files)) return NotNoop();
  return LoadNoop(files, options);
}

void SetComputeThreads(int) {}  // it computes with one

int CheckMain(int, char**) { return Refuse("check"); }
int DrawMain(int, char**) { return Refuse("draw"); }

}  // namespace hanga
