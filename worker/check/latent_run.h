// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a run of a Stable Diffusion pipeline case asks for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/check/pipeline_run.h"
#include "worker/pipelines/latent_pipeline.h"

namespace hanga {

// Refers to its case, which must outlive it.
class LatentRun : public PipelineRun {
 public:
  using PipelineRun::PipelineRun;

  // Why it cannot be run; empty if it can.
  std::string Unknown() const;

  // Every image of the run before its first step. Noise comes from the seeds.
  absl::StatusOr<std::vector<std::unique_ptr<LatentGeneration>>> Begin(
      LatentPipeline* pipeline) const;

 private:
  size_t images() const;
  GenerationRequest Request(size_t image, SamplerKind kind) const;
};

}  // namespace hanga
