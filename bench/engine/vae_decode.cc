// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// FLUX.1's autoencoder decoding one picture, with random weights.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "bench/engine/commands.h"
#include "bench/engine/device_timer.h"
#include "bench/engine/random_weights.h"
#include "worker/models/autoencoder.h"

namespace hanga::bench {

nlohmann::ordered_json VaeDecode(const Options& o) {
  const c10::InferenceMode inference;
  const AutoencoderParams params;
  const BlockList<AutoencoderState> decoder = MakeDecoder(params);
  FillRandomly(decoder.Weights(), at::kBFloat16, at::kCUDA);
  const auto latent = at::randn(
      {o.batch, params.latent_channels, o.height / params.factor(), o.width / params.factor()},
      at::device(at::kCUDA).dtype(at::kBFloat16));
  at::Tensor image;
  const auto decode = [&] {
    AutoencoderState state{latent};
    decoder.Run(state);
    image = state.x;
  };
  nlohmann::ordered_json figures = {
      {"vae_decode_ms", Median(DeviceMilliseconds(4, o.runs, decode))},
      {"finite", static_cast<int>(at::isfinite(image).all().item<bool>())},
  };
  if (o.profile) {
    AutoencoderState state{latent};
    for (size_t i = 0; i < decoder.size(); ++i) {
      const AutoencoderState before = state;
      figures["profile_" + decoder[i].name + "_ms"] = Median(DeviceMilliseconds(1, 5, [&] {
        state = before;
        decoder[i].run(state);
      }));
    }
  }
  return figures;
}

}  // namespace hanga::bench
