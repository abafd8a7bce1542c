// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/adapter_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "worker/weights/key_list.h"
#include "worker/weights/key_pattern.h"

namespace hanga {
namespace {

struct Suffix {
  std::string_view text;
  AdapterRole role;
};

constexpr Suffix kSuffixes[] = {
    {".lora_down.weight", AdapterRole::kDown},  // kohya
    {".lora_up.weight", AdapterRole::kUp},
    {".lora_mid.weight", AdapterRole::kMid},
    {".lora_A.weight", AdapterRole::kDown},  // PEFT
    {".lora_B.weight", AdapterRole::kUp},
    {".lora_A.default.weight", AdapterRole::kDown},
    {".lora_B.default.weight", AdapterRole::kUp},
    {".lora_B.bias", AdapterRole::kUpBias},
    {".lora.down.weight", AdapterRole::kDown},  // diffusers before PEFT
    {".lora.up.weight", AdapterRole::kUp},
    {".lora_linear_layer.down.weight", AdapterRole::kDown},
    {".lora_linear_layer.up.weight", AdapterRole::kUp},
    {"_lora.down.weight", AdapterRole::kDown},
    {"_lora.up.weight", AdapterRole::kUp},
    {"_lora1.down.weight", AdapterRole::kDown},  // XLabs, of the picture; 2: of the text
    {"_lora1.up.weight", AdapterRole::kUp},
    {"_lora2.down.weight", AdapterRole::kDown},
    {"_lora2.up.weight", AdapterRole::kUp},
    {".alpha", AdapterRole::kAlpha},
    {".dora_scale", AdapterRole::kMagnitude},
    {".lora_magnitude_vector", AdapterRole::kMagnitude},
    {".lora_magnitude_vector.weight", AdapterRole::kMagnitude},
    {".lora_magnitude_vector.default.weight", AdapterRole::kMagnitude},
    {".hada_w1_a", AdapterRole::kHada1A},  // LyCORIS
    {".hada_w1_b", AdapterRole::kHada1B},
    {".hada_t1", AdapterRole::kHadaT1},
    {".hada_w2_a", AdapterRole::kHada2A},
    {".hada_w2_b", AdapterRole::kHada2B},
    {".hada_t2", AdapterRole::kHadaT2},
    {".lokr_w1", AdapterRole::kKron1},
    {".lokr_w1_a", AdapterRole::kKron1A},
    {".lokr_w1_b", AdapterRole::kKron1B},
    {".lokr_w2", AdapterRole::kKron2},
    {".lokr_w2_a", AdapterRole::kKron2A},
    {".lokr_w2_b", AdapterRole::kKron2B},
    {".lokr_t2", AdapterRole::kKronT2},
    {".diff", AdapterRole::kDifference},
    {".diff_b", AdapterRole::kBiasDifference},
    {".w_norm", AdapterRole::kDifference},
    {".b_norm", AdapterRole::kBiasDifference},
};

// Kinds of adapters that are no low-rank change of a weight.
constexpr std::string_view kOtherKinds[] = {".oft_",     ".boft_", ".glora_",   ".vera_",
                                            ".on_input", ".ia3_",  ".a1.weight"};

// XLabs' and diffusers' attention processors stand beside the module that they change.
std::string PlainName(std::string_view key, const Suffix& suffix) {
  std::string name(key.substr(0, key.size() - suffix.text.size()));
  const bool text_stream = suffix.text.starts_with("_lora2");
  if (text_stream || suffix.text.starts_with("_lora1")) {
    const std::string stream = text_stream ? ".txt_attn." : ".img_attn.";
    return absl::StrReplaceAll(name, {{".processor.", stream}});
  }
  if (!suffix.text.starts_with("_lora")) return name;
  name = absl::StrReplaceAll(name, {{".processor.", "."}});
  return name.ends_with(".to_out") ? absl::StrCat(name, ".0") : name;
}

bool IsOfOtherKind(std::string_view key) {
  return std::any_of(std::begin(kOtherKinds), std::end(kOtherKinds), [&](std::string_view kind) {
    return key.find(kind) != std::string_view::npos;
  });
}

// PEFT's settings by component, as diffusers writes them into the header.
class HeaderAlphas {
 public:
  static absl::StatusOr<HeaderAlphas> Read(const TensorSource& file) {
    HeaderAlphas alphas;
    const auto entry = file.metadata().find("lora_adapter_metadata");
    if (entry == file.metadata().end()) return alphas;
    alphas.settings_ = nlohmann::json::parse(entry->second, nullptr, /*allow_exceptions=*/false);
    if (!alphas.settings_.is_object()) {
      return absl::InvalidArgumentError("its header's lora_adapter_metadata is no JSON object");
    }
    return alphas;
  }

  std::optional<double> Of(const std::string& module) const {
    const size_t dot = module.find('.');
    if (!settings_.is_object() || dot == std::string::npos) return std::nullopt;
    const std::string component = module.substr(0, dot), rest = module.substr(dot + 1);
    const auto pattern = settings_.find(absl::StrCat(component, ".alpha_pattern"));
    if (pattern != settings_.end() && pattern->is_object() && pattern->contains(rest)) {
      return Number(pattern->at(rest));
    }
    const auto alpha = settings_.find(absl::StrCat(component, ".lora_alpha"));
    return alpha == settings_.end() ? std::nullopt : Number(*alpha);
  }

 private:
  static std::optional<double> Number(const nlohmann::json& value) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
    return value.get<double>();
  }

  nlohmann::json settings_;
};

}  // namespace

absl::StatusOr<std::vector<AdapterModule>> ReadAdapterModules(const TensorSource& file) {
  const absl::StatusOr<HeaderAlphas> alphas = HeaderAlphas::Read(file);
  if (!alphas.ok()) return alphas.status();
  std::map<std::string, AdapterModule> modules;
  KeyList unknown("key");
  bool adapts = false;
  for (const auto& [key, tensor] : file.tensors()) {
    if (IsOfOtherKind(key)) {
      unknown.Add(key);
      continue;
    }
    std::string_view plain = key;
    if (plain.starts_with("base_model.model.")) plain.remove_prefix(17);
    // The longest that fits: ".lora.down.weight" ends with no other, "_lora1…" neither.
    const Suffix* role = nullptr;
    for (const Suffix& suffix : kSuffixes) {
      if (plain.ends_with(suffix.text)) role = &suffix;
    }
    const std::string name = role == nullptr ? std::string(plain) : PlainName(plain, *role);
    AdapterModule& module = modules[name];
    module.name = name;
    if (!module.parts.emplace(role == nullptr ? AdapterRole::kValue : role->role, tensor).second) {
      return absl::InvalidArgumentError(absl::StrCat("two tensors of one kind for '", name, "'"));
    }
    module.alpha = alphas->Of(name);
    adapts = adapts || role != nullptr;
  }
  if (!unknown.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a kind of adapter that is not known: ", unknown.Text()));
  }
  if (!adapts) {
    return absl::InvalidArgumentError(
        "it holds no adapter: none of its keys is one of LoRA, LoHa, LoKr or DoRA");
  }
  std::vector<AdapterModule> sorted;
  for (auto& [name, module] : modules) sorted.push_back(std::move(module));
  return sorted;
}

}  // namespace hanga
