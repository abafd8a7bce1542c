// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A latent generation's picture, its previews, and its way through a checkpoint.
#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/pixels.h"

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
  const auto& g = static_cast<const LatentGeneration&>(generation);
  if (g.first_step > 0 || g.mask) {
    return absl::FailedPreconditionError("checkpoint: it would not hold the first picture");
  }
  return SaveSampled(g, fingerprint_);
}

absl::StatusOr<std::unique_ptr<Generation>> LatentPipeline::Restore(
    const GenerationRequest& request, std::string_view checkpoint) {
  absl::StatusOr<std::unique_ptr<LatentGeneration>> generation = NewGeneration(request);
  if (!generation.ok()) return generation.status();
  LatentGeneration& g = **generation;
  const AutoencoderParams& vae = model_->vae();
  const std::vector<int64_t> shape = {1, vae.latent_channels, g.request.height / vae.factor(),
                                      g.request.width / vae.factor()};
  const absl::Status restored = RestoreSampled(checkpoint, fingerprint_, shape, device_, &g);
  if (!restored.ok()) return restored;
  return generation;
}

}  // namespace hanga
