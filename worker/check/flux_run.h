// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a run of a FLUX pipeline case asks for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/check/pipeline_run.h"
#include "worker/pipelines/flux_pipeline.h"

namespace hanga {

// Refers to its case, which must outlive it.
class FluxRun : public PipelineRun {
 public:
  using PipelineRun::PipelineRun;

  // Why it cannot be run; empty if it can.
  std::string Unknown() const;

  // Every image of the run before its first step. Noise comes from the seeds where each image has
  // one, and from the recorded draws otherwise.
  absl::StatusOr<std::vector<std::unique_ptr<FluxGeneration>>> Begin(FluxPipeline* pipeline) const;

 private:
  size_t images() const;
  GenerationRequest Request(size_t image) const;
};

}  // namespace hanga
