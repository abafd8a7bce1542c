// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A FLUX generation's picture, its previews, and its way through a checkpoint.
#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "worker/pipelines/flux_pipeline.h"
#include "worker/pipelines/latents.h"
#include "worker/pipelines/pixels.h"
#include "worker/pipelines/torch_errors.h"

namespace hanga {

absl::StatusOr<at::Tensor> FluxPipeline::DecoderInput(const FluxGeneration& g) {
  at::Tensor grid;
  const AutoencoderParams& vae = model_->vae_params;
  const absl::Status status = RunGuarded("vae", [&] {
    grid = UnpackLatents(g.latents, g.rows, g.columns) / vae.scaling_factor + vae.shift_factor;
  });
  if (!status.ok()) return status;
  return grid;
}

absl::StatusOr<at::Tensor> FluxPipeline::Decode(const at::Tensor& latents) {
  AutoencoderState state;
  const absl::Status moved = RunGuarded("vae", [&] {
    state.x = latents.to(type_);
    // CPUs convolve faster where a pixel's channels lie side by side.
    if (device_.is_cpu()) state.x = state.x.contiguous(at::MemoryFormat::ChannelsLast);
  });
  if (!moved.ok()) return moved;
  const absl::Status run = model_->Run("vae_decoder", model_->decoder, state);
  if (!run.ok()) return run;
  return state.x;
}

absl::StatusOr<Image> FluxPipeline::Finish(Generation& generation) {
  if (memory_) memory_->Bound();
  if (!generation.done()) return absl::FailedPreconditionError("the generation has steps left");
  const absl::StatusOr<at::Tensor> latents =
      DecoderInput(static_cast<const FluxGeneration&>(generation));
  if (!latents.ok()) return latents.status();
  absl::StatusOr<at::Tensor> pixels = Decode(*latents);
  if (absl::IsResourceExhausted(pixels.status()) && graphs_.size() > 0) {
    graphs_.Clear();  // they keep memory of their own
    pixels = Decode(*latents);
  }
  if (absl::IsResourceExhausted(pixels.status()) && MakeRoom("decoding")) pixels = Decode(*latents);
  if (!pixels.ok()) return pixels.status();
  at::Tensor bytes;
  const absl::Status status = RunGuarded("vae", [&] { bytes = ToBytes((*pixels)[0]); });
  if (!status.ok()) return status;
  return ToImage(bytes);
}

absl::StatusOr<Image> FluxPipeline::Preview(const Generation& generation) {
  const auto& g = static_cast<const FluxGeneration&>(generation);
  if (!preview_) {
    absl::StatusOr<LatentPreview> fitted = LatentPreview::Fit(
        model_->vae_params, [this](const at::Tensor& image) { return EncodeMoments(image); });
    if (!fitted.ok()) return fitted.status();
    preview_ = std::make_unique<LatentPreview>(*std::move(fitted));
  }
  at::Tensor bytes;
  const absl::Status status = RunGuarded("preview", [&] {
    const at::Tensor& tokens = g.denoised.defined() ? g.denoised : g.latents;
    bytes = preview_->Project(UnpackLatents(tokens, g.rows, g.columns)[0]);
  });
  if (!status.ok()) return status;
  return ToImage(bytes);
}

absl::StatusOr<std::string> FluxPipeline::Save(const Generation& generation) {
  return SaveSampled(static_cast<const FluxGeneration&>(generation), fingerprint_);
}

absl::StatusOr<std::unique_ptr<Generation>> FluxPipeline::Restore(const GenerationRequest& request,
                                                                  std::string_view checkpoint) {
  // A checkpoint does not hold the picture that it began with: the request does.
  absl::StatusOr<std::unique_ptr<FluxGeneration>> generation =
      request.init_image != nullptr ? BeginGeneration(request) : NewGeneration(request);
  if (!generation.ok()) return generation.status();
  FluxGeneration& g = **generation;
  const std::vector<int64_t> shape = {1, g.rows * g.columns, model_->flux_params.in_channels};
  const absl::Status restored = RestoreSampled(checkpoint, fingerprint_, shape, device_, &g);
  if (!restored.ok()) return restored;
  return generation;
}

}  // namespace hanga
