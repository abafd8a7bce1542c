// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The networks of a FLUX model, for a plan.
#include <map>
#include <utility>

#include "worker/pipelines/flux_model.h"
#include "worker/weights/loader.h"

namespace hanga {

std::vector<PlannedNetwork> FluxModel::PlannedNetworks(WeightStorage storage) {
  std::map<std::string, std::shared_ptr<const WeightSource>> sources;
  for (const ModelPart& part : parts_) {
    sources[part.name] = std::make_shared<CheckpointWeights>(part.source);
  }
  std::vector<PlannedNetwork> networks;
  const auto add = [&](const char* name, const char* component, const char* part,
                       std::vector<BlockWeights*> blocks) {
    networks.push_back({.name = name,
                        .component = component,
                        .blocks = std::move(blocks),
                        .source = sources.at(part),
                        .storage = storage});
  };
  add("text_encoder", "text_encoder", "text_encoder", clip.Weights());
  add("text_encoder_2", "text_encoder_2", "text_encoder_2", t5.Weights());
  add("conditioning", "conditioning", "transformer", conditioning.Weights());
  add("transformer", "transformer", "transformer", transformer.Weights());
  networks.back().is_denoiser = true;
  add("vae_encoder", "vae", "vae", encoder.Weights());
  add("vae_decoder", "vae", "vae", decoder.Weights());
  return networks;
}

void FluxModel::Unload() {
  placed_.Unload();
  for (ModelPart& part : parts_) UnloadBlocks(part.blocks);
  resident_bytes_ = 0;
}

}  // namespace hanga
