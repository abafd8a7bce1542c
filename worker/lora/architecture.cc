// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/architecture.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "absl/strings/str_replace.h"

namespace hanga {
namespace {

// Names that modules of an architecture have; dots are underscores. The first line that fits
// counts.
struct Sign {
  std::string_view title;
  std::vector<std::string_view> all;
  int64_t text_width = 0;  // of what cross-attention reads; 0: any
};

const std::vector<Sign>& Signs() {
  static const auto* signs = new std::vector<Sign>{
      {"FLUX.2", {"double_stream_modulation"}},
      {"HunyuanVideo", {"individual_token_refiner"}},
      {"Chroma", {"distilled_guidance_layer"}},
      {"FLUX.1", {"single_transformer_blocks_"}},
      {"FLUX.1", {"double_blocks_"}},
      {"FLUX.1", {"single_blocks_"}},
      {"Stable Diffusion 3", {"joint_blocks_"}},
      {"Z-Image", {"noise_refiner_"}},
      {"Qwen-Image", {"transformer_blocks_", "_img_mlp_"}},
      {"Qwen-Image", {"transformer_blocks_", "_img_mod_"}},
      {"Wan", {"blocks_", "cross_attn_"}},
      {"Wan", {"condition_embedder_"}},
      {"Stable Diffusion 3", {"_add_q_proj"}},
      {"SDXL", {"attn2_to_k"}, 2048},
      {"Stable Diffusion 2", {"attn2_to_k"}, 1024},
      {"Stable Diffusion 1", {"attn2_to_k"}, 768},
      {"SDXL", {"lora_te2_"}},
      {"SDXL", {"input_blocks_"}},
      {"Stable Diffusion", {"down_blocks_"}},
      {"LTX-Video", {"transformer_blocks_", "attn1_", "attn2_"}},
  };
  return *signs;
}

bool Has(absl::Span<const AdapterModule> modules, std::string_view part, int64_t width) {
  return std::any_of(modules.begin(), modules.end(), [&](const AdapterModule& module) {
    if (absl::StrReplaceAll(module.name, {{".", "_"}}).find(part) == std::string::npos)
      return false;
    const StoredTensor* down = module.Find(AdapterRole::kDown);
    return width == 0 || (down != nullptr && down->shape.size() > 1 && down->shape[1] == width);
  });
}

}  // namespace

std::string LooksLike(absl::Span<const AdapterModule> modules) {
  for (const Sign& sign : Signs()) {
    const bool fits = std::all_of(sign.all.begin(), sign.all.end(), [&](std::string_view part) {
      return Has(modules, part, sign.text_width);
    });
    if (fits) return std::string(sign.title);
  }
  return "";
}

bool MayBeFor(const std::string& architecture, const std::string& family) {
  if (architecture.empty() || architecture == FamilyTitle(family)) return true;
  const bool unet = family == "sd" || family == "sdxl";
  if (architecture == "Stable Diffusion") return unet;  // some UNet
  return family == "sd" &&
         (architecture == "Stable Diffusion 1" || architecture == "Stable Diffusion 2");
}

std::string FamilyTitle(const std::string& family) {
  if (family == "flux") return "FLUX.1";
  if (family == "sd") return "Stable Diffusion 1 or 2";
  if (family == "sdxl") return "SDXL";
  if (family == "sd3") return "Stable Diffusion 3";
  return family;
}

}  // namespace hanga
