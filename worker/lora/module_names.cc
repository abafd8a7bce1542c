// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/module_names.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "worker/weights/key_pattern.h"

namespace hanga {
namespace {

struct Prefixes {
  std::string_view component;
  std::vector<std::string_view> prefixes;  // with underscores; the longer of two that fit first
};

const std::vector<Prefixes>& AllPrefixes() {
  static const auto* all = new std::vector<Prefixes>{
      {"unet",
       {"lora_unet_", "lycoris_unet_", "lycoris_", "unet_", "model_diffusion_model_",
        "diffusion_model_", ""}},
      {"transformer",
       {"lora_unet_", "lora_transformer_", "lycoris_", "transformer_", "model_diffusion_model_",
        "diffusion_model_", ""}},
      {"text_encoder",
       {"lora_te1_", "lora_te_", "text_encoders_clip_l_transformer_", "text_encoder_"}},
      {"text_encoder_2",
       {"lora_te2_", "lora_te3_", "text_encoders_clip_g_transformer_",
        "text_encoders_t5xxl_transformer_", "text_encoder_2_"}},
      {"text_encoder_3", {"lora_te3_", "text_encoders_t5xxl_transformer_", "text_encoder_3_"}},
  };
  return *all;
}

std::string Flat(std::string_view name) {
  return absl::StrReplaceAll(absl::string_view(name.data(), name.size()), {{".", "_"}});
}

std::string_view WithoutLeaf(std::string_view key) {
  constexpr std::string_view kLeaf = ".weight";
  if (key.ends_with(kLeaf)) key.remove_suffix(kLeaf.size());
  return key;
}

// Whether a rule turns the halves of this weight round: always, or in the model's last block.
bool SwapsHalves(const KeyRule& rule, const NamedWeight& weight,
                 absl::Span<const NamedWeight> weights) {
  if (rule.change != Change::kSwapHalvesOfLast) return rule.change == Change::kSwapHalves;
  int last = 0;
  for (const NamedWeight& other : weights) {
    if (MatchKey(rule.to[0], other.key)) last = std::max(last, FirstIndex(rule.to[0], other.key));
  }
  return FirstIndex(rule.to[0], weight.key) == last;
}

// Part i of several that a layout keeps apart: all but the last are as high as the input is wide,
// as queries, keys and values are.
void CutPart(size_t part, size_t parts, ModulePlace* place) {
  if (parts == 1 || place->weight.shape.empty()) return;
  const int64_t height = place->weight.shape[0];
  const int64_t width = place->weight.shape.size() > 1 ? place->weight.shape[1]
                                                       : height / static_cast<int64_t>(parts);
  place->first_row = std::min(height, static_cast<int64_t>(part) * width);
  place->rows = part + 1 == parts ? height - place->first_row : width;
}

}  // namespace

void ModuleNames::Add(const std::string& component, absl::Span<const NamedWeight> weights,
                      absl::Span<const KeyMap> maps) {
  Places& places = components_[component];
  const auto add = [&](std::string_view name, const ModulePlace& place) {
    places.emplace(Flat(name), place);
    places.emplace(Flat(WithoutLeaf(name)), place);
  };
  for (const NamedWeight& weight : weights) {
    const ModulePlace whole = {component, weight, 0, weight.shape.empty() ? 1 : weight.shape[0]};
    add(weight.key, whole);
    for (const KeyMap& map : maps) {
      for (const KeyRule& rule : map.rules) {
        if (rule.to.size() != 1 || rule.to[0].find('~') != std::string::npos) continue;
        const auto captures = MatchKey(rule.to[0], weight.key);
        if (!captures) continue;
        for (size_t part = 0; part < rule.from.size(); ++part) {
          ModulePlace place = whole;
          place.swap_halves = SwapsHalves(rule, weight, weights);
          CutPart(part, rule.from.size(), &place);
          add(NameFromPattern(rule.from[part], *captures, 0), place);
        }
      }
    }
  }
}

const ModulePlace* ModuleNames::Find(std::string_view name) const {
  const std::string flat = Flat(name);
  for (const Prefixes& known : AllPrefixes()) {
    const auto component = components_.find(std::string(known.component));
    if (component == components_.end()) continue;
    for (const std::string_view prefix : known.prefixes) {
      if (!flat.starts_with(prefix)) continue;
      const auto place = component->second.find(std::string_view(flat).substr(prefix.size()));
      if (place != component->second.end()) return &place->second;
    }
  }
  return nullptr;
}

}  // namespace hanga
