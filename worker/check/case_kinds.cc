// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/case_kinds.h"

namespace hanga {
namespace {

struct Entry {
  const char* name;  // "case" in case.json
  CaseKind check;
};

// A new kind is one file and one line here.
constexpr Entry kKinds[] = {
    {"autoencoder_kl", CheckAutoencoder},
    {"clip_g", CheckClip},
    {"clip_l", CheckClip},
    {"flux_transformer", CheckFluxTransformer},
    {"lora_flux", CheckLora},
    {"lora_sdxl", CheckLora},
    {"pipe_demo", CheckFluxPipeline},
    {"pipe_flux", CheckFluxPipeline},
    {"pipe_sd15", CheckLatentPipeline},
    {"pipe_sd3", CheckLatentPipeline},
    {"pipe_sdxl", CheckLatentPipeline},
    {"schedulers", CheckSchedulers},
    {"sd15_unet", CheckUnet},
    {"sd3_transformer", CheckSd3Transformer},
    {"sdxl_unet", CheckUnet},
    {"t5", CheckT5},
    {"tokenizers_ids", CheckTokenizers},
};

}  // namespace

CaseKind FindCaseKind(const std::string& name) {
  for (const Entry& entry : kKinds) {
    if (name == entry.name) return entry.check;
  }
  return nullptr;
}

}  // namespace hanga
