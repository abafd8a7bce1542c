// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Draws with FLUX.1: the arithmetic of diffusers' FluxPipeline and FluxImg2ImgPipeline, a step at a
// time, over batches.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/kernels/product_choices.h"
#include "worker/pipelines/flux_generation.h"
#include "worker/pipelines/flux_model.h"
#include "worker/pipelines/flux_placement.h"
#include "worker/pipelines/flux_text.h"
#include "worker/pipelines/latent_preview.h"
#include "worker/pipelines/memory_plan.h"
#include "worker/pipelines/pipeline.h"
#include "worker/pipelines/step_pacer.h"
#include "worker/profile/measured_blocks.h"
#include "worker/residency/step_graphs.h"

namespace hanga {

// Under which block times of a model's files are kept, and found again by the next plan.
MeasuredKey MeasuredKeyOf(const std::string& fingerprint, WeightStorage storage,
                          const std::string& device, int width, int height);

// Limits and defaults of a FLUX model, after its hanga.json.
absl::Status DescribeFlux(const ModelLayout& layout, const FluxModel& model, ModelFacts* facts);

// Not thread-safe: one thread owns it, with its generations.
class FluxPipeline final : public Pipeline {
 public:
  static absl::StatusOr<std::unique_ptr<Pipeline>> Load(const ModelLayout& layout,
                                                        const LoadOptions& options);

  absl::StatusOr<std::unique_ptr<Generation>> Prepare(const GenerationRequest& request) override;
  absl::Status Step(absl::Span<Generation* const> batch) override;
  absl::StatusOr<Image> Finish(Generation& generation) override;
  absl::StatusOr<Image> Preview(const Generation& generation) override;
  bool launches() const override { return model_->HandsOver("transformer"); }
  absl::Status Launch(Generation& generation) override;
  absl::Status Land(Generation& generation) override;
  absl::StatusOr<std::string> Save(const Generation& generation) override;
  absl::StatusOr<std::unique_ptr<Generation>> Restore(const GenerationRequest& request,
                                                      std::string_view checkpoint) override;
  uint64_t resident_bytes() const override { return model_->resident_bytes(); }
  std::optional<PlacementView> Placement() const override;
  uint64_t Evict(uint64_t bytes) override;
  uint64_t missing_bytes() const override;
  uint64_t lacking_bytes(uint64_t free_bytes) const override;
  void Adapt(uint64_t free_bytes) override;
  std::vector<std::string> TakeNotes() override;
  PipelineCounters Counters() const override;

  // What the above is made of, for checks against a reference.

  static absl::StatusOr<std::unique_ptr<FluxPipeline>> Open(const ModelLayout& layout,
                                                            const LoadOptions& options);
  // Another scheduler_config.json than the model's, for generations that begin from now on.
  void UseScheduler(nlohmann::json config) { model_->scheduler = std::move(config); }

  // `draws` stands in for the seed's noise where it is given: first the autoencoder's sample of a
  // first picture, then the latents' noise.
  absl::StatusOr<std::unique_ptr<FluxGeneration>> Begin(const GenerationRequest& request,
                                                        const std::optional<FirstPicture>& first,
                                                        NoiseSource* draws);
  // The model's output with guidance, float32 [B, rows * columns, C].
  absl::StatusOr<at::Tensor> Predict(absl::Span<FluxGeneration* const> batch);
  // One step of every sampler. On failure none has advanced.
  absl::Status Advance(absl::Span<FluxGeneration* const> batch, const at::Tensor& outputs);
  // [1, C / 4, 2 rows, 2 columns]: the autoencoder's latents of the picture.
  absl::StatusOr<at::Tensor> DecoderInput(const FluxGeneration& generation);
  // Pixels of about -1 to 1, [1, 3, H, W].
  absl::StatusOr<at::Tensor> Decode(const at::Tensor& latents);

 private:
  FluxPipeline() = default;

  // Loads this rank's blocks, and has the other ranks load theirs.
  absl::Status LoadInGroup(const LoadOptions& options);

  // Loads the weights, by a plan where they would not simply fit or a lever asks for it.
  absl::Status LoadWeights(const LoadOptions& options);
  // As MemoryPlan's.
  bool MakeRoom(const std::string& doing);

  // The same over the ranks of a group. Each generation is a state of its own, so that every rank
  // has one to work on.
  absl::StatusOr<at::Tensor> PredictInGroup(absl::Span<FluxGeneration* const> batch);
  absl::Status ConditionAll(absl::Span<FluxGeneration* const> batch);
  // Of one generation, whose `trip` holds the ticket meanwhile.
  absl::Status LaunchDenoising(FluxGeneration* generation);
  absl::StatusOr<at::Tensor> AwaitDenoised(FluxGeneration* generation);
  // One pass of the transformer; as a graph where every block stays on the device.
  absl::Status Denoise(FluxState& state);
  // The same with every block timed, for the plans to come; once for each loading.
  bool IsToBeMeasured(const FluxState& state) const;
  absl::Status DenoiseMeasured(FluxState& state);
  // Makes sure that `modulation`, of this text, covers the generation's next step.
  absl::Status Condition(const FluxGeneration& generation, const FluxText& text,
                         FluxModulation* modulation);

  absl::Status CheckAndResolve(GenerationRequest* request) const;
  absl::StatusOr<std::unique_ptr<Sampler>> NewSampler(const GenerationRequest& request,
                                                      int64_t image_tokens) const;
  // What the request's prompts come to, under its adapters.
  absl::Status EncodePrompts(FluxGeneration* generation);
  // A generation with everything but latents.
  absl::StatusOr<std::unique_ptr<FluxGeneration>> NewGeneration(const GenerationRequest& request);
  // From its picture, if it has one, and the seed's noise.
  absl::StatusOr<std::unique_ptr<FluxGeneration>> BeginGeneration(const GenerationRequest& request);
  // The latents of a first picture, [1, C, 2 rows, 2 columns], and the step to begin at.
  absl::StatusOr<at::Tensor> EncodeFirst(const FirstPicture& first, NoiseSource* draws,
                                         FluxGeneration* generation);
  // The moments of an image of -1 to 1 on the CPU, float32 on the device.
  absl::StatusOr<at::Tensor> EncodeMoments(const at::Tensor& image);

  ModelFacts facts_;
  std::unique_ptr<FluxModel> model_;
  std::unique_ptr<ModelAdapters> adapters_;
  std::unique_ptr<FluxTextEncoder> text_encoder_;
  at::Device device_ = at::kCPU;
  at::ScalarType type_ = at::kFloat;
  WeightStorage storage_ = at::kFloat;  // of type_
  std::string fingerprint_;
  std::string model_name_;
  std::optional<MemoryPlan> memory_;           // of weights that were loaded by a plan
  std::optional<placement::Plan> group_plan_;  // of a model that a group runs
  std::string measured_folder_;                // where block times are kept; empty: nowhere
  uint64_t measured_load_ = UINT64_MAX;        // the loading whose blocks were timed

  std::map<std::string, at::Tensor> ropes_;  // rotary tables by batch key: they depend on the shape
  StepGraphs graphs_;
  uint64_t graphs_moves_ = 0;  // the model's moves when they were captured
  StepPacer pacer_;
  std::optional<kernels::ProductChoices> products_;  // on a GPU
  std::unique_ptr<LatentPreview> preview_;           // fitted when first asked for
};

}  // namespace hanga
