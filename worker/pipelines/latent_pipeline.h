// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Draws with models that denoise a grid of latents: the arithmetic of diffusers' Stable Diffusion
// pipelines, 1 to 3, a step at a time, over batches.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/pipelines/latent_generation.h"
#include "worker/pipelines/latent_model.h"
#include "worker/pipelines/latent_preview.h"
#include "worker/pipelines/memory_plan.h"
#include "worker/pipelines/model_adapters.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Limits and defaults of such a model, after its hanga.json.
absl::Status DescribeLatentModel(const ModelLayout& layout, const LatentModel& model,
                                 ModelFacts* facts);

// What drawing one picture of the model's default size costs; `name` is for people.
placement::ModelProfile ProfileOf(const std::string& name, const LatentModel& model,
                                  const GenerationRequest& defaults);

// Not thread-safe: one thread owns it, with its generations.
class LatentPipeline final : public Pipeline {
 public:
  static absl::StatusOr<std::unique_ptr<Pipeline>> Load(const ModelLayout& layout,
                                                        const LoadOptions& options);

  absl::StatusOr<std::unique_ptr<Generation>> Prepare(const GenerationRequest& request) override;
  absl::Status Step(absl::Span<Generation* const> batch) override;
  absl::StatusOr<Image> Finish(Generation& generation) override;
  absl::StatusOr<Image> Preview(const Generation& generation) override;
  absl::StatusOr<std::string> Save(const Generation& generation) override;
  absl::StatusOr<std::unique_ptr<Generation>> Restore(const GenerationRequest& request,
                                                      std::string_view checkpoint) override;
  uint64_t resident_bytes() const override { return model_->resident_bytes(); }
  bool launches() const override {
    return model_->shared() != nullptr && model_->shared()->HandsOver(model_->denoiser());
  }
  absl::Status Launch(Generation& generation) override;
  absl::Status Land(Generation& generation) override;
  std::optional<PlacementView> Placement() const override;
  uint64_t Evict(uint64_t bytes) override;
  uint64_t missing_bytes() const override;
  uint64_t lacking_bytes(uint64_t free_bytes) const override;
  void Adapt(uint64_t free_bytes) override;
  std::vector<std::string> TakeNotes() override;
  PipelineCounters Counters() const override;

  // What the above is made of, for checks against a reference.

  static absl::StatusOr<std::unique_ptr<LatentPipeline>> Open(const ModelLayout& layout,
                                                              const LoadOptions& options);
  // Another scheduler_config.json than the model's, for generations that begin from now on.
  void UseScheduler(nlohmann::json config) { model_->scheduler = std::move(config); }
  SamplerKind sampler_kind() const { return model_->sampler_kind(); }

  // `draws` stands in for the seed's noise where it is given, in order of use: the autoencoder's
  // sample of a first picture, the latents' noise, the sample of the masked picture.
  absl::StatusOr<std::unique_ptr<LatentGeneration>> Begin(const GenerationRequest& request,
                                                          const std::optional<FirstPicture>& first,
                                                          NoiseSource* draws);
  // The model's output with guidance, float32 [B, C, h, w].
  absl::StatusOr<at::Tensor> Predict(absl::Span<LatentGeneration* const> batch);
  // One step of every sampler. On failure none has advanced. `draws` as in Begin.
  absl::Status Advance(absl::Span<LatentGeneration* const> batch, const at::Tensor& outputs,
                       absl::Span<NoiseSource* const> draws = {});
  // The autoencoder's latents of the picture.
  at::Tensor DecoderInput(const LatentGeneration& generation) const;
  // Pixels of about -1 to 1, float32.
  absl::StatusOr<at::Tensor> Decode(const at::Tensor& latents) const {
    return model_->DecodeLatents(latents);
  }

 private:
  LatentPipeline() = default;

  // Loads this rank's blocks, and has the other ranks load theirs.
  absl::Status LoadInGroup(const LoadOptions& options);
  // One generation's step: the denoiser's State, with both prompts where it is guided, and what
  // becomes of its result. May throw.
  Row GatherRow(LatentGeneration* generation) const;
  at::Tensor GuidedOutput(LatentGeneration* generation, Row row) const;
  // Loads the weights, by a plan where they would not simply fit or a lever asks for it.
  absl::Status LoadWeights(const LoadOptions& options);
  // As MemoryPlan's.
  bool MakeRoom(const std::string& doing);

  absl::Status CheckAndResolve(GenerationRequest* request) const;
  absl::StatusOr<std::unique_ptr<Sampler>> NewSampler(const GenerationRequest& request) const;
  absl::Status CheckLengths(const LatentGeneration& generation) const;
  // What the request's prompts come to, under its adapters.
  absl::Status EncodePrompts(LatentGeneration* generation);
  // A generation with everything but latents.
  absl::StatusOr<std::unique_ptr<LatentGeneration>> NewGeneration(const GenerationRequest& request);
  // From its picture, if it has one, and the seed's noise.
  absl::StatusOr<std::unique_ptr<LatentGeneration>> BeginGeneration(
      const GenerationRequest& request);
  absl::Status BeginAtPicture(const FirstPicture& first, NoiseSource* draws, LatentGeneration* g);
  // latent_second_pass.cc
  struct Walk {
    std::unique_ptr<Sampler> sampler;
    int64_t first_step = 0;
    Conditioning text;
    std::optional<Conditioning> negative;
    at::Tensor latents;  // undefined: they come from a checkpoint
  };
  // The first walk's request in the size and steps of the second.
  GenerationRequest SecondRequest(const GenerationRequest& first) const;
  // How many evaluations the second walk takes; 0 without one.
  absl::StatusOr<int64_t> SecondWalk(const GenerationRequest& request,
                                     int64_t evaluations_per_step) const;
  absl::StatusOr<Walk> NewSecondWalk(const LatentGeneration& generation) const;
  static void Enter(Walk walk, LatentGeneration* generation);
  absl::StatusOr<at::Tensor> EnlargedLatents(const LatentGeneration& generation) const;
  // The step between the walks. On failure none has advanced.
  absl::Status Enlarge(absl::Span<LatentGeneration* const> batch);

  absl::StatusOr<at::Tensor> SampleLatents(const at::Tensor& image, NoiseSource* draws) const;

  ModelFacts facts_;
  std::unique_ptr<LatentModel> model_;
  std::unique_ptr<ModelAdapters> adapters_;
  std::unique_ptr<InversionShelf> inversions_;
  at::Device device_ = at::kCPU;
  std::string fingerprint_, model_name_;
  std::optional<MemoryPlan> memory_;           // of weights that were loaded by a plan
  std::optional<placement::Plan> group_plan_;  // of a model that a group runs
  bool halves_ = false;                        // guidance takes turns: the device was too small
  std::unique_ptr<LatentPreview> preview_;     // fitted when first asked for
};

}  // namespace hanga
