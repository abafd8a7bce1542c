// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_model.h"

#include <ATen/ATen.h>

#include "worker/pipelines/sd3_model.h"
#include "worker/pipelines/unet_model.h"
#include "worker/profile/topology_probe.h"
#include "worker/residency/slab_layout.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/loader.h"

namespace hanga {
absl::Status LatentModel::AddPart(const std::string& name, std::vector<BlockWeights*> blocks,
                                  TensorSource source) {
  const absl::Status fits = CheckBlocks(blocks, source);
  if (!fits.ok()) return InComponent(name, fits);
  parts_.push_back({name, std::move(blocks), std::move(source)});
  return absl::OkStatus();
}

absl::Status LatentModel::AddAutoencoder(const ModelLayout& layout,
                                         const AutoencoderParams& fallback) {
  absl::StatusOr<TensorSource> source = OpenComponent(layout, "vae", AutoencoderKeyMaps());
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

PartStorage LatentModel::StorageFor(at::Device device, at::ScalarType type) {
  device_ = device;
  type_ = type;
  // SDXL's autoencoder overflows in float16.
  vae_type_ = type == at::kHalf ? at::kFloat : type;
  return {device, [type = type_, vae = vae_type_](const std::string& part) {
            return WeightStorage(part == "vae" ? vae : type);
          }};
}

absl::Status LatentModel::Load(at::Device device, at::ScalarType type, bool tune) {
  const PartStorage storage = StorageFor(device, type);
  for (ModelPart& part : parts_) {
    const at::ScalarType wanted = storage.of(part.name).type;
    const absl::Status loaded = LoadBlocks(part.blocks, part.source, device, wanted);
    if (!loaded.ok()) return InComponent(part.name, loaded);
    if (device.is_cuda()) {
      const absl::Status packed = RunGuarded(part.name, [&] {
        for (const BlockWeights* block : part.blocks) Pack(*block);
      });
      if (!packed.ok()) return packed;
    }
    resident_bytes_ += CountWeights(part.blocks).bytes(wanted);
  }
  if (!device.is_cuda()) return absl::OkStatus();
  return RunGuarded("loading", [&] {
    products_.emplace(DefaultCacheFolder(), tune);
    products_->Read();
  });
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
    // Convolutions and norms are faster where a pixel's channels lie side by side.
    state.x = state.x.contiguous(at::MemoryFormat::ChannelsLast);
  });
  if (!run.ok()) return run;
  run = Run("vae_decoder", decoder_, state);  // in strips where the picture is large
  if (!run.ok()) return run;
  return state.x.to(at::kFloat);
}

uint64_t LatentModel::parameters() const { return ParametersOf(parts_); }

uint64_t LatentModel::stored_bytes() const { return StoredBytesOf(parts_); }

uint64_t LatentModel::resident_bytes() const {
  return shared_ != nullptr ? shared_->resident_bytes() : resident_bytes_;
}

std::string LatentModel::Fingerprint() const { return FingerprintOf(parts_); }

absl::StatusOr<std::unique_ptr<LatentModel>> OpenLatentModel(const ModelLayout& layout) {
  return layout.family->name == "sd3" ? Sd3Model::Open(layout) : UnetModel::Open(layout);
}

}  // namespace hanga
