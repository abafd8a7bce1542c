// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A latent generation's picture, its previews, and its way through a checkpoint.
#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/pixels.h"
#include "worker/pipelines/saved_generation.h"

namespace hanga {

at::Tensor LatentPipeline::DecoderInput(const LatentGeneration& g) const {
  return g.latents / model_->vae().scaling_factor + model_->vae().shift_factor;
}

absl::StatusOr<Image> LatentPipeline::Finish(Generation& generation) {
  if (memory_) memory_->Bound();
  if (!generation.done()) return absl::FailedPreconditionError("the generation has steps left");
  at::Tensor latents, bytes;
  absl::Status status = RunGuarded(
      "vae", [&] { latents = DecoderInput(static_cast<const LatentGeneration&>(generation)); });
  if (!status.ok()) return status;
  absl::StatusOr<at::Tensor> pixels = Decode(latents);
  if (absl::IsResourceExhausted(pixels.status()) && MakeRoom("decoding")) pixels = Decode(latents);
  if (!pixels.ok()) return pixels.status();
  status = RunGuarded("vae", [&] { bytes = ToBytes((*pixels)[0]); });
  if (!status.ok()) return status;
  return ToImage(bytes);
}

absl::StatusOr<Image> LatentPipeline::Preview(const Generation& generation) {
  const auto& g = static_cast<const LatentGeneration&>(generation);
  if (!preview_) {
    absl::StatusOr<LatentPreview> fitted = LatentPreview::Fit(
        model_->vae(), [this](const at::Tensor& image) { return model_->EncodeImage(image); });
    if (!fitted.ok()) return fitted.status();
    preview_ = std::make_unique<LatentPreview>(*std::move(fitted));
  }
  at::Tensor bytes;
  const absl::Status status = RunGuarded("preview", [&] {
    // Before the first step there is noise alone, at a level that no picture has.
    bytes = preview_->Project(
        (g.denoised.defined() ? g.denoised : g.latents / g.sampler->init_noise_sigma())[0]);
  });
  if (!status.ok()) return status;
  return ToImage(bytes);
}

absl::StatusOr<std::string> LatentPipeline::Save(const Generation& generation) {
  return SaveSampled(static_cast<const LatentGeneration&>(generation), fingerprint_);
}

absl::StatusOr<std::unique_ptr<Generation>> LatentPipeline::Restore(
    const GenerationRequest& request, std::string_view checkpoint) {
  // A checkpoint does not hold the picture that it began with: the request does.
  absl::StatusOr<std::unique_ptr<LatentGeneration>> generation =
      request.init_image != nullptr ? BeginGeneration(request) : NewGeneration(request);
  if (!generation.ok()) return generation.status();
  LatentGeneration& g = **generation;
  const auto shape_of = [&](const GenerationRequest& r) -> std::vector<int64_t> {
    const AutoencoderParams& vae = model_->vae();
    return {1, vae.latent_channels, r.height / vae.factor(), r.width / vae.factor()};
  };
  std::vector<int64_t> shape = shape_of(g.request);
  if (g.second_walk > 0) {
    const absl::StatusOr<SavedGeneration> saved = DecodeSaved(checkpoint);
    if (!saved.ok()) return saved.status();
    const std::vector<int64_t> larger = shape_of(SecondRequest(g.request));
    if (saved->latents.sizes() == larger) {  // of the second walk
      absl::StatusOr<Walk> walk = NewSecondWalk(g);
      if (!walk.ok()) return walk.status();
      Enter(*std::move(walk), &g);
      shape = larger;
    }
  }
  const absl::Status restored = RestoreSampled(checkpoint, fingerprint_, shape, device_, &g);
  if (!restored.ok()) return restored;
  g.UpdateKey();
  return generation;
}

}  // namespace hanga
