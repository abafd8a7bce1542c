// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What a run of a Stable Diffusion pipeline case asks for.
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/check/golden_case.h"
#include "worker/pipelines/latent_pipeline.h"

namespace hanga {

// Refers to its case, which must outlive it.
class LatentRun {
 public:
  LatentRun(const GoldenCase& golden, std::string label, const nlohmann::json& info)
      : golden_(golden), label_(std::move(label)), info_(info) {}

  // Why it cannot be run; empty if it can.
  std::string Unknown() const;

  // Every image of the run before its first step. Noise comes from the seeds.
  absl::StatusOr<std::vector<std::unique_ptr<LatentGeneration>>> Begin(
      LatentPipeline* pipeline) const;

  at::Tensor Output(const std::string& name) const;
  double Tolerance(const std::string& name, double otherwise) const;
  std::string Path(const std::string& file) const;  // in the case's folder

 private:
  size_t images() const;
  GenerationRequest Request(size_t image, SamplerKind kind) const;

  const GoldenCase& golden_;
  const std::string label_;
  const nlohmann::json& info_;
};

}  // namespace hanga
