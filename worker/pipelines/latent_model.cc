// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/latent_model.h"

#include <ATen/ATen.h>

#include "worker/pipelines/sd3_model.h"
#include "worker/pipelines/unet_model.h"
#include "worker/profile/file_rate.h"
#include "worker/profile/topology_probe.h"
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

void LatentModel::ComputeIn(at::Device device, at::ScalarType type) {
  device_ = device;
  type_ = type;
  // SDXL's autoencoder overflows in float16.
  vae_type_ = type == at::kHalf ? at::kFloat : type;
}

PartStorage LatentModel::Storage() const {
  return {device_, /*packed=*/true, [type = type_, vae = vae_type_](const std::string& part) {
            return WeightStorage(part == "vae" ? vae : type);
          }};
}

absl::Status LatentModel::ReadProducts(bool tune) {
  if (!device_.is_cuda()) return absl::OkStatus();
  return RunGuarded("loading", [&] {
    products_.emplace(DefaultCacheFolder(), tune);
    products_->Read();
  });
}

absl::Status LatentModel::Load() {
  const PartStorage storage = Storage();
  for (ModelPart& part : parts_) {
    const at::ScalarType wanted = storage.of(part.name).type;
    const absl::Status loaded = LoadBlocks(part.blocks, part.source, device_, wanted);
    if (!loaded.ok()) return InComponent(part.name, loaded);
    resident_bytes_ += CountWeights(part.blocks).bytes(wanted);
  }
  return absl::OkStatus();
}

std::vector<PlannedNetwork> LatentModel::PlannedNetworks() const {
  std::vector<PlannedNetwork> networks;
  const auto add = [&](const std::string& name, const ModelPart& part,
                       std::vector<BlockWeights*> blocks, at::ScalarType type) {
    networks.push_back({.name = name,
                        .component = part.name,
                        .blocks = std::move(blocks),
                        .source = std::make_shared<CheckpointWeights>(part.source),
                        .storage = type,
                        .is_denoiser = part.name == denoiser()});
  };
  for (const ModelPart& part : parts_) {
    if (part.name == "vae") {
      add("vae_encoder", part, encoder_.Weights(), vae_type_);
      add("vae_decoder", part, decoder_.Weights(), vae_type_);
    } else {
      add(part.name, part, part.blocks, type_);
    }
  }
  return networks;
}

absl::StatusOr<bool> LatentModel::Captures(const std::string& network, size_t blocks) {
  if (!device_.is_cuda() || shared_ != nullptr) return false;
  if (!placed_.loaded()) return true;
  const absl::StatusOr<bool> stays = placed_.EnterResident(network, blocks);
  if (placed_.moves() != graphs_moves_) {
    graphs_.Clear();
    graphs_moves_ = placed_.moves();
  }
  return stays;
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
  if (shared_ != nullptr) return shared_->resident_bytes();
  return placed_.loaded() ? placed_.resident_bytes() : resident_bytes_;
}

double LatentModel::FileRate() const {
  for (const ModelPart& part : parts_) {
    if (part.name == denoiser()) return MeasureFileRate(part.source);
  }
  return 0;
}

std::string LatentModel::Fingerprint() const { return FingerprintOf(parts_); }

absl::StatusOr<std::unique_ptr<LatentModel>> OpenLatentModel(const ModelLayout& layout) {
  return layout.family->name == "sd3" ? Sd3Model::Open(layout) : UnetModel::Open(layout);
}

}  // namespace hanga
