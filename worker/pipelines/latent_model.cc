// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "worker/models/tiling.h"
#include "worker/pipelines/digest.h"
#include "worker/pipelines/sd3_model.h"
#include "worker/pipelines/unet_model.h"
#include "worker/weights/checkpoint.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

// Above this the autoencoder's activations would take more memory than the denoiser's.
constexpr int64_t kUntiledPixels = int64_t{2048} * 2048;

}  // namespace

absl::Status InComponent(const std::string& component, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(component, ": ", status.message()));
}

absl::StatusOr<TensorSource> LatentModel::OpenPart(const ModelLayout& layout,
                                                   const std::string& name,
                                                   absl::Span<const KeyMap> maps) {
  const ComponentFiles& files = layout.parts.at(name);
  const absl::StatusOr<TensorSource> stored = OpenCheckpoint(files.weights);
  if (!stored.ok()) return InComponent(name, stored.status());
  absl::StatusOr<TensorSource> mapped = ApplyMatchingKeyMap(maps, *stored);
  if (mapped.ok()) return mapped;
  if (!files.assumed) return InComponent(name, mapped.status());
  return absl::FailedPreconditionError(absl::StrCat(
      "components.", name, ": the checkpoint does not hold it; give its file or folder"));
}

absl::Status LatentModel::AddPart(const std::string& name, std::vector<BlockWeights*> blocks,
                                  TensorSource source) {
  const absl::Status fits = CheckBlocks(blocks, source);
  if (!fits.ok()) return InComponent(name, fits);
  parts_.push_back({name, std::move(blocks), std::move(source)});
  return absl::OkStatus();
}

absl::Status LatentModel::AddAutoencoder(const ModelLayout& layout,
                                         const AutoencoderParams& fallback) {
  absl::StatusOr<TensorSource> source = OpenPart(layout, "vae", AutoencoderKeyMaps());
  if (!source.ok()) return source.status();
  vae_params_ = fallback;
  if (const auto& config = layout.parts.at("vae").config) {
    const absl::StatusOr<AutoencoderParams> read = ParseAutoencoderConfig(*config);
    if (!read.ok()) return InComponent("vae/config.json", read.status());
    vae_params_ = *read;
  }
  encoder_ = MakeEncoder(vae_params_);
  decoder_ = MakeDecoder(vae_params_);
  return AddPart("vae", WeightsOf(encoder_, decoder_), *std::move(source));
}

absl::Status LatentModel::Load(at::Device device, at::ScalarType type) {
  device_ = device;
  type_ = type;
  // SDXL's autoencoder overflows in float16.
  vae_type_ = type == at::kHalf ? at::kFloat : type;
  for (Part& part : parts_) {
    const at::ScalarType wanted = part.name == "vae" ? vae_type_ : type_;
    const absl::Status loaded = LoadBlocks(part.blocks, part.source, device, wanted);
    if (!loaded.ok()) return InComponent(part.name, loaded);
    resident_bytes_ += CountWeights(part.blocks).bytes(wanted);
  }
  return absl::OkStatus();
}

absl::StatusOr<at::Tensor> LatentModel::EncodeImage(const at::Tensor& image) const {
  AutoencoderState state;
  absl::Status run = RunGuarded("vae", [&] { state.x = image.to(device_, vae_type_); });
  if (run.ok()) run = Run("vae_encoder", encoder_, state);
  if (!run.ok()) return run;
  return state.x.to(at::kFloat);
}

absl::StatusOr<at::Tensor> LatentModel::DecodeLatents(const at::Tensor& latents) const {
  AutoencoderState state;
  absl::Status run = RunGuarded("vae", [&] {
    state.x = latents.to(device_, vae_type_);
    // CPUs convolve faster where a pixel's channels lie side by side.
    if (device_.is_cpu()) state.x = state.x.contiguous(at::MemoryFormat::ChannelsLast);
  });
  if (!run.ok()) return run;
  const int64_t factor = vae_params_.factor();
  if (latents.size(2) * latents.size(3) * factor * factor <= kUntiledPixels) {
    run = Run("vae_decoder", decoder_, state);
    if (!run.ok()) return run;
    return state.x.to(at::kFloat);
  }
  at::Tensor image;
  const TileOptions tiles = {vae_params_.sample_size, vae_params_.sample_size / factor, 0.25};
  run = RunGuarded("vae", [&] {
    image = DecodeTiled(state.x, tiles, [&](const at::Tensor& tile) {
      AutoencoderState part;
      part.x = tile;
      const absl::Status decoded = Run("vae_decoder", decoder_, part);
      if (!decoded.ok()) throw std::runtime_error(std::string(decoded.message()));
      return part.x;
    });
  });
  if (!run.ok()) return run;
  return image.to(at::kFloat);
}

uint64_t LatentModel::parameters() const {
  uint64_t total = 0;
  for (const Part& part : parts_) total += CountWeights(part.blocks).parameters;
  return total;
}

uint64_t LatentModel::stored_bytes() const {
  uint64_t total = 0;
  for (const Part& part : parts_) total += part.source.bytes();
  return total;
}

uint64_t LatentModel::resident_bytes() const { return resident_bytes_; }

std::string LatentModel::Fingerprint() const {
  constexpr size_t kSampleBytes = 64;
  Sha256 digest;
  for (const Part& part : parts_) {
    for (const auto& [key, tensor] : part.source.tensors()) {
      digest.Update(absl::StrCat(part.name, "\n", key, "\n", DescribeTensor(tensor), "\n"));
      if (tensor.pieces.empty()) continue;
      const auto& bytes = tensor.pieces.front().bytes;
      digest.Update(std::string_view(reinterpret_cast<const char*>(bytes.data()),
                                     std::min(kSampleBytes, bytes.size())));
    }
  }
  return digest.Finish();
}

absl::StatusOr<std::unique_ptr<LatentModel>> OpenLatentModel(const ModelLayout& layout) {
  return layout.family->name == "sd3" ? Sd3Model::Open(layout) : UnetModel::Open(layout);
}

}  // namespace hanga
