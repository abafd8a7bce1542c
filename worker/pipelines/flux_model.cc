// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/flux_model.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/profile/file_rate.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

// The parameters that config.json gives, or else the fallback.
template <typename Params, typename Parse>
absl::Status ReadParams(const ModelLayout& layout, const std::string& name, Parse parse,
                        absl::StatusOr<Params> fallback, Params* params) {
  const std::optional<nlohmann::json>& config = layout.parts.at(name).config;
  const absl::StatusOr<Params> read = config ? parse(*config) : std::move(fallback);
  if (!read.ok())
    return config ? InComponent(absl::StrCat(name, "/config.json"), read.status()) : read.status();
  *params = *read;
  return absl::OkStatus();
}

// The networks must fit together before any is run.
absl::Status CheckTogether(const FluxModel& m) {
  const auto differ = [](const std::string& what, int64_t a, int64_t b) {
    return absl::FailedPreconditionError(absl::StrCat(what, ": ", a, " and ", b));
  };
  if (m.flux_params.text_dim != m.t5_params.hidden) {
    return differ("transformer and text_encoder_2 differ in the width of text",
                  m.flux_params.text_dim, m.t5_params.hidden);
  }
  const int64_t pooled =
      m.clip_params.projection_dim > 0 ? m.clip_params.projection_dim : m.clip_params.hidden;
  if (m.flux_params.pooled_dim != pooled) {
    return differ("transformer and text_encoder differ in the width of pooled text",
                  m.flux_params.pooled_dim, pooled);
  }
  if (m.flux_params.in_channels != 4 * m.vae_params.latent_channels ||
      m.flux_params.out_channels != m.flux_params.in_channels) {
    return differ("transformer and vae differ in channels of a 2x2 patch",
                  m.flux_params.in_channels, 4 * m.vae_params.latent_channels);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<FluxModel>> FluxModel::Open(const ModelLayout& layout) {
  auto model = std::make_unique<FluxModel>();
  FluxModel& m = *model;
  absl::StatusOr<TensorSource> flux =
      OpenComponent(layout, "transformer", FluxTransformerKeyMaps());
  absl::StatusOr<TensorSource> clip = OpenComponent(layout, "text_encoder", ClipTextKeyMaps());
  absl::StatusOr<TensorSource> t5 = OpenComponent(layout, "text_encoder_2", T5EncoderKeyMaps());
  absl::StatusOr<TensorSource> vae = OpenComponent(layout, "vae", AutoencoderKeyMaps());
  for (const auto* source : {&flux, &clip, &t5, &vae}) {
    if (!source->ok()) return source->status();
  }
  for (const absl::Status& read :
       {ReadParams<FluxParams>(layout, "transformer", ParseFluxConfig, DeduceFluxParams(*flux),
                               &m.flux_params),
        ReadParams<ClipParams>(layout, "text_encoder", ParseClipConfig, ClipParams(),
                               &m.clip_params),
        ReadParams<T5Params>(layout, "text_encoder_2", ParseT5Config, T5Params(), &m.t5_params),
        ReadParams<AutoencoderParams>(layout, "vae", ParseAutoencoderConfig, AutoencoderParams(),
                                      &m.vae_params)}) {
    if (!read.ok()) return read;
  }
  m.scheduler =
      layout.scheduler ? *layout.scheduler : StandardFluxScheduler(m.flux_params.guidance);

  m.conditioning = MakeFluxConditioning(m.flux_params);
  m.transformer = MakeFlux(m.flux_params);
  m.clip = MakeClip(m.clip_params);
  m.t5 = MakeT5Encoder(m.t5_params);
  m.encoder = MakeEncoder(m.vae_params);
  m.decoder = MakeDecoder(m.vae_params);
  m.parts_ = {{"transformer", WeightsOf(m.conditioning, m.transformer), *std::move(flux)},
              {"text_encoder", WeightsOf(m.clip), *std::move(clip)},
              {"text_encoder_2", WeightsOf(m.t5), *std::move(t5)},
              {"vae", WeightsOf(m.encoder, m.decoder), *std::move(vae)}};
  for (const ModelPart& part : m.parts_) {
    const absl::Status fits = CheckBlocks(part.blocks, part.source);
    if (!fits.ok()) return InComponent(part.name, fits);
  }
  if (absl::Status fits = CheckTogether(m); !fits.ok()) return fits;
  return model;
}

absl::Status FluxModel::Load(at::Device device, WeightStorage storage) {
  for (ModelPart& part : parts_) {
    absl::Status loaded = LoadBlocks(part.blocks, part.source, device, storage.type);
    if (loaded.ok() && storage.fp8) {
      loaded = RunGuarded("loading", [&] { QuantizeBlocks(part.blocks); });
    }
    if (!loaded.ok()) return InComponent(part.name, loaded);
    for (const BlockWeights* block : part.blocks) {
      for (const Slot& slot : block->slots) resident_bytes_ += slot.tensor->nbytes();
    }
  }
  return absl::OkStatus();
}

uint64_t FluxModel::parameters() const { return ParametersOf(parts_); }

uint64_t FluxModel::stored_bytes() const { return StoredBytesOf(parts_); }

uint64_t FluxModel::resident_bytes() const {
  if (shared_ != nullptr) return shared_->resident_bytes();
  return placed_.loaded() ? placed_.resident_bytes() : resident_bytes_;
}

double FluxModel::FileRate() const {
  for (const ModelPart& part : parts_) {
    if (part.name == "transformer") return MeasureFileRate(part.source);
  }
  return 0;
}

std::string FluxModel::Fingerprint() const { return FingerprintOf(parts_); }

}  // namespace hanga
