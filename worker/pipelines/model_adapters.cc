// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/model_adapters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/weights/flux_key_maps.h"
#include "worker/weights/sd_key_maps.h"

namespace hanga {
namespace {

constexpr char kExtension[] = ".safetensors";
constexpr size_t kMostListed = 10'000;
// Of adapters that no picture needs now: some dozens of a usual rank.
constexpr uint64_t kCacheBytes = uint64_t{1} << 30;

absl::Span<const KeyMap> LayoutsOf(const std::string& family, const std::string& component) {
  const bool flux = family == "flux";
  if (component == "unet") return UnetKeyMaps();
  if (component == "transformer") return flux ? FluxTransformerKeyMaps() : Sd3TransformerKeyMaps();
  if (component == "text_encoder") return ClipTextKeyMaps();
  if (component == "text_encoder_2" && !flux) return SecondClipKeyMaps();
  return T5EncoderKeyMaps();
}

// A plain name of a file in the folder: no way out of it, nothing hidden.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
}

absl::StatusOr<std::shared_ptr<const Adapter>> LoadGuarded(const std::string& id,
                                                           const TensorSource& file,
                                                           absl::Span<const AdapterTarget> targets,
                                                           const std::string& family,
                                                           at::Device device, at::ScalarType type) {
  absl::StatusOr<std::shared_ptr<const Adapter>> adapter = absl::UnknownError("not loaded");
  const absl::Status ran = RunGuarded(
      "loading", [&] { adapter = Adapter::Load(id, file, targets, family, device, type); });
  if (absl::IsInternal(ran))  // ATen's own words for what the plan let through
    return absl::InvalidArgumentError("its tensors do not fit together");
  return ran.ok() ? std::move(adapter) : ran;
}

}  // namespace

std::vector<AdapterTarget> AdapterTargetsOf(const std::string& family,
                                            absl::Span<const ModelPart> parts) {
  std::vector<AdapterTarget> targets;
  for (const ModelPart& part : parts) {
    if (part.name != "vae")
      targets.push_back({part.name, part.blocks, &part.source, LayoutsOf(family, part.name)});
  }
  return targets;
}

absl::Status MergeAdapters(const ModelLayout& layout, at::ScalarType type,
                           std::vector<ModelPart>* parts) {
  if (layout.loras.empty()) return absl::OkStatus();
  const std::string family(layout.family->name);
  const std::vector<AdapterTarget> targets = AdapterTargetsOf(family, *parts);
  AdapterCache cache(UINT64_MAX);
  AdapterSet set;
  for (const FixedLora& lora : layout.loras) {
    const auto adapter = cache.Get(
        {lora.name, lora.path, "", nullptr}, [&](const std::string& id, const TensorSource& file) {
          return LoadGuarded(id, file, targets, family, at::kCPU, at::kFloat);
        });
    if (!adapter.ok()) return adapter.status();
    set.push_back({*adapter, lora.weight, lora.weight});
  }
  for (ModelPart& part : *parts) {
    const auto target = std::find_if(targets.begin(), targets.end(), [&](const AdapterTarget& t) {
      return t.component == part.name && !KeyOf(set, part.name).empty();
    });
    if (target == targets.end()) continue;
    TensorSource merged;
    const absl::Status status =
        RunGuarded("loras", [&] { merged = MergedSource(*target, set, type); });
    if (!status.ok()) return status;
    part.source = std::move(merged);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FileInFolder(const std::string& folder, const std::string& name) {
  if (!IsPlainName(name)) return absl::InvalidArgumentError("that is no name of a file");
  return absl::StrCat(folder, "/", name, kExtension);
}

std::vector<std::string> AdaptersIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end;
       !error && entry != end && names.size() < kMostListed; entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    if (path.extension() == kExtension && IsPlainName(path.stem().string()))
      names.push_back(path.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

ModelAdapters::ModelAdapters(const ModelLayout& layout, absl::Span<const ModelPart> parts,
                             at::Device device, at::ScalarType type)
    : family_(layout.family->name),
      folder_(layout.lora_folder),
      targets_(AdapterTargetsOf(family_, parts)),
      device_(device),
      type_(type),
      cache_(kCacheBytes) {
  for (const AdapterTarget& target : targets_)
    bindings_.try_emplace(target.component, target, device, type);
}

absl::StatusOr<AdapterFile> ModelAdapters::FileOf(const LoraUse& use) const {
  if (use.file != nullptr) return AdapterFile{use.sha256.substr(0, 12), "", use.sha256, use.file};
  if (folder_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("lora '", use.name, "': this model offers none by name"));
  }
  const absl::StatusOr<std::string> path = FileInFolder(folder_, use.name);
  if (!path.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("lora '", use.name.substr(0, 64), "': ", path.status().message()));
  }
  return AdapterFile{use.name, *path, "", nullptr};
}

absl::StatusOr<AdapterSet> ModelAdapters::Load(absl::Span<const LoraUse> uses) {
  AdapterSet set;
  for (const LoraUse& use : uses) {
    if (use.weight == 0 && use.text_encoder_weight == 0) continue;
    const absl::StatusOr<AdapterFile> file = FileOf(use);
    if (!file.ok()) return file.status();
    const auto adapter = cache_.Get(*file, [&](const std::string& id, const TensorSource& source) {
      return LoadGuarded(id, source, targets_, family_, device_, type_);
    });
    if (!adapter.ok()) return adapter.status();
    set.push_back({*adapter, use.weight, use.text_encoder_weight});
  }
  return set;
}

absl::StatusOr<AdapterBinding::Bound> ModelAdapters::Bind(
    const std::string& component, absl::Span<const AdapterSet* const> rows) {
  const auto binding = bindings_.find(component);
  const bool any =
      std::any_of(rows.begin(), rows.end(), [](const AdapterSet* set) { return !set->empty(); });
  if (!any || binding == bindings_.end()) return AdapterBinding::Bound();
  std::optional<AdapterBinding::Bound> bound;
  const absl::Status ran =
      RunGuarded(component, [&] { bound.emplace(binding->second.Bind(rows)); });
  if (!ran.ok()) return ran;
  return *std::move(bound);
}

absl::StatusOr<std::vector<AdapterBinding::Bound>> ModelAdapters::BindText(const AdapterSet& set) {
  std::vector<AdapterBinding::Bound> all;
  for (const AdapterTarget& target : targets_) {
    if (!target.component.starts_with("text_encoder")) continue;
    const AdapterSet* rows[] = {&set};
    absl::StatusOr<AdapterBinding::Bound> bound = Bind(target.component, rows);
    if (!bound.ok()) return bound.status();
    all.push_back(*std::move(bound));
  }
  return all;
}

}  // namespace hanga
