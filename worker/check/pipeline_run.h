// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// One run of a pipeline case: what was asked of the reference, and what came of it.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/check/golden_case.h"
#include "worker/check/report.h"
#include "worker/pipelines/model_layout.h"
#include "worker/pipelines/sampled_generation.h"

namespace hanga {

class PipelineRun {
 public:
  PipelineRun(const GoldenCase& golden, std::string label, const nlohmann::json& info)
      : golden_(golden), label_(std::move(label)), info_(info) {}

  at::Tensor Output(const std::string& name) const;
  double Tolerance(const std::string& name, double otherwise) const;
  std::string Path(const std::string& file) const;  // in the case's folder

 protected:
  // A text of the call for each image, or one for all; empty where it is not given.
  std::string TextOf(const std::string& name, size_t image) const;
  uint64_t SeedOf(size_t image) const;

  const GoldenCase& golden_;
  const std::string label_;
  const nlohmann::json& info_;
};

// A pipeline's output for the batch's next step, and the step that it makes with one.
struct StepByStep {
  absl::FunctionRef<absl::StatusOr<at::Tensor>()> predict;
  absl::FunctionRef<absl::Status(const at::Tensor&)> advance;
};

// Walks the batch to its end and compares schedule, latents and outputs. `share`: what of the
// latents is compared, broadcast to them.
absl::Status WalkAndCompare(const PipelineRun& run, absl::Span<SampledGeneration* const> batch,
                            const StepByStep& step, const at::Tensor& share, RunResult* result);

// Compares the pictures of finished generations with those that the case has.
absl::Status ComparePictures(const PipelineRun& run, Pipeline* pipeline,
                             absl::Span<SampledGeneration* const> batch, RunResult* result);

template <typename P>
absl::StatusOr<std::unique_ptr<P>> OpenFloat32(const std::string& folder, at::Device device) {
  absl::StatusOr<ModelLayout> layout = FindModelFiles({folder, {}});
  if (!layout.ok()) return layout.status();
  return P::Open(*layout, {device.str(), "float32"});
}

// Every run of the case, by a pipeline for each of its models, in float32.
template <typename Run, typename P>
void CheckPipelineRuns(const GoldenCase& golden, at::Device device, Report* report,
                       absl::Status (*check)(const Run&, P*, RunResult*)) {
  std::map<std::string, std::unique_ptr<P>> loaded;
  for (const auto& [label, info] : golden.info.at("runs").items()) {
    const std::string model = info.at("model");
    RunResult& result = report->Add(golden.name, label, model);
    const Run run(golden, label, info);
    result.unknown = golden.Has(model) ? run.Unknown() : "the set does not have this model";
    if (!result.unknown.empty()) continue;
    std::unique_ptr<P>& pipeline = loaded[model];
    if (pipeline == nullptr) {
      absl::StatusOr<std::unique_ptr<P>> opened = OpenFloat32<P>(golden.Resolve(model), device);
      if (!opened.ok()) {
        result.failure = opened.status();
        continue;
      }
      pipeline = *std::move(opened);
    }
    pipeline->UseScheduler(info.at("scheduler_config"));
    result.failure = check(run, pipeline.get(), &result);
  }
}

}  // namespace hanga
