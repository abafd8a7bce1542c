// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What generations that walk a sampler have alike, whatever their model: how they advance together,
// and how they go through a checkpoint.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/lora/adapter.h"
#include "worker/pipelines/pipeline.h"
#include "worker/samplers/noise.h"
#include "worker/samplers/sampler.h"

namespace hanga {

// Plain data of its pipeline; other code sees it as a Generation.
struct SampledGeneration : Generation {
  int step() const override { return static_cast<int>(sampler->step() - first_step); }
  int steps() const override { return static_cast<int>(sampler->steps() - first_step); }
  const std::string& batch_key() const override { return key; }

  GenerationRequest request;
  AdapterSet adapters;  // that it is drawn with
  std::string key;
  std::unique_ptr<Sampler> sampler;
  std::unique_ptr<SeededNoise> noise;
  int64_t first_step = 0;  // above 0 where the walk began at a picture
  at::Tensor latents;      // [1, …] as the model has them, float32 on the device
  at::Tensor denoised;     // the same, where the last step was heading; undefined before
};

// FAILED_PRECONDITION: they cannot step as one batch, or one has no step left.
absl::Status CheckBatch(absl::Span<Generation* const> batch);

// The latents after generation i's step with its row of the model's outputs, [1, …]. May throw.
using SamplerStep = absl::FunctionRef<at::Tensor(size_t i, const at::Tensor& output)>;

// One step of every sampler. On failure none has advanced.
absl::Status AdvanceTogether(absl::Span<SampledGeneration* const> batch, const at::Tensor& outputs,
                             SamplerStep step);

// A checkpoint of a generation of the model with this fingerprint.
absl::StatusOr<std::string> SaveSampled(const SampledGeneration& generation,
                                        const std::string& fingerprint);
// Takes up what was saved of the same request and model; `shape`: of its latents.
// INVALID_ARGUMENT: the checkpoint is damaged, or of another request or model.
absl::Status RestoreSampled(std::string_view checkpoint, const std::string& fingerprint,
                            at::IntArrayRef shape, at::Device device,
                            SampledGeneration* generation);

}  // namespace hanga
