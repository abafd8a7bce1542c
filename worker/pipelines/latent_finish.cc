// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A latent generation's picture, its previews, and its way through a checkpoint.
#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "worker/pipelines/digest.h"
#include "worker/pipelines/latent_pipeline.h"
#include "worker/pipelines/latents.h"
#include "worker/pipelines/request_check.h"
#include "worker/pipelines/saved_generation.h"

namespace hanga {
namespace {

// [H, W, 3] bytes.
Image ToImage(const at::Tensor& bytes) {
  Image image;
  image.height = static_cast<int>(bytes.size(0));
  image.width = static_cast<int>(bytes.size(1));
  const auto* data = static_cast<const uint8_t*>(bytes.const_data_ptr());
  image.rgb.assign(data, data + bytes.numel());
  return image;
}

}  // namespace

at::Tensor LatentPipeline::DecoderInput(const LatentGeneration& g) const {
  return g.latents / model_->vae().scaling_factor + model_->vae().shift_factor;
}

absl::StatusOr<Image> LatentPipeline::Finish(Generation& generation) {
  if (!generation.done()) return absl::FailedPreconditionError("the generation has steps left");
  at::Tensor latents, bytes;
  absl::Status status = RunGuarded(
      "vae", [&] { latents = DecoderInput(static_cast<const LatentGeneration&>(generation)); });
  if (!status.ok()) return status;
  const absl::StatusOr<at::Tensor> pixels = Decode(latents);
  if (!pixels.ok()) return pixels.status();
  status = RunGuarded("vae", [&] { bytes = ToBytes((*pixels)[0]); });
  if (!status.ok()) return status;
  return ToImage(bytes);
}

absl::StatusOr<Image> LatentPipeline::Preview(const Generation& generation) {
  const auto& g = static_cast<const LatentGeneration&>(generation);
  const AutoencoderParams& vae = model_->vae();
  if (!preview_) {
    absl::StatusOr<LatentPreview> fitted = LatentPreview::Fit(
        vae.factor(), [&](const at::Tensor& image) -> absl::StatusOr<at::Tensor> {
          absl::StatusOr<at::Tensor> moments = model_->EncodeImage(image);
          if (!moments.ok()) return moments.status();
          at::Tensor latents;
          const absl::Status status = RunGuarded("preview", [&] {
            latents = (LatentDistribution(*moments).mean - vae.shift_factor) * vae.scaling_factor;
          });
          if (!status.ok()) return status;
          return latents;
        });
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

std::string LatentPipeline::IdentityOf(const GenerationRequest& request) const {
  return Sha256().Update(fingerprint_).Update(CanonicalText(request)).Finish();
}

absl::StatusOr<std::string> LatentPipeline::Save(const Generation& generation) {
  const auto& g = static_cast<const LatentGeneration&>(generation);
  if (g.first_step > 0 || g.mask) {
    return absl::FailedPreconditionError("checkpoint: it would not hold the first picture");
  }
  std::string bytes;
  const absl::Status status = RunGuarded("checkpoint", [&] {
    const SamplerState sampler = g.sampler->Save();
    bytes = EncodeSaved(
        {IdentityOf(g.request), sampler.step, g.latents, sampler.history, g.noise->Save()});
  });
  if (!status.ok()) return status;
  return bytes;
}

absl::StatusOr<std::unique_ptr<Generation>> LatentPipeline::Restore(
    const GenerationRequest& request, std::string_view checkpoint) {
  absl::StatusOr<SavedGeneration> saved = DecodeSaved(checkpoint);
  if (!saved.ok()) return saved.status();
  absl::StatusOr<std::unique_ptr<LatentGeneration>> generation = NewGeneration(request);
  if (!generation.ok()) return generation.status();
  LatentGeneration& g = **generation;
  const AutoencoderParams& vae = model_->vae();
  const std::vector<int64_t> shape = {1, vae.latent_channels, g.request.height / vae.factor(),
                                      g.request.width / vae.factor()};
  bool fits = saved->identity == IdentityOf(g.request) && saved->latents.sizes() == shape;
  for (const at::Tensor& tensor : saved->history) fits = fits && tensor.sizes() == shape;
  if (!fits) return absl::InvalidArgumentError("checkpoint: it is of another request or model");
  SamplerState sampler = {saved->step, {}};
  const absl::Status moved = RunGuarded("checkpoint", [&] {
    g.latents = saved->latents.to(device_);
    for (const at::Tensor& tensor : saved->history) sampler.history.push_back(tensor.to(device_));
  });
  if (!moved.ok()) return moved;
  if (absl::Status status = g.sampler->Restore(sampler); !status.ok()) return status;
  if (absl::Status status = g.noise->Restore(saved->noise); !status.ok()) return status;
  return generation;
}

}  // namespace hanga
