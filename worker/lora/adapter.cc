// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/adapter.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

ModuleNames NamesOf(absl::Span<const AdapterTarget> targets) {
  ModuleNames names;
  for (const AdapterTarget& target : targets) {
    std::vector<NamedWeight> weights;
    for (const BlockWeights* block : target.blocks) {
      for (const Slot& slot : block->slots) weights.push_back({slot.key, slot.shape});
    }
    names.Add(target.component, weights, target.maps);
  }
  return names;
}

const AdapterTarget& TargetOf(absl::Span<const AdapterTarget> targets,
                              const std::string& component) {
  return *std::find_if(targets.begin(), targets.end(),
                       [&](const AdapterTarget& target) { return target.component == component; });
}

const Slot* FindSlot(const AdapterTarget& target, const std::string& key) {
  for (const BlockWeights* block : target.blocks) {
    for (const Slot& slot : block->slots) {
      if (slot.key == key) return &slot;
    }
  }
  return nullptr;
}

// The bias that stands beside a weight.
std::string BiasKey(const std::string& weight_key) {
  return absl::StrCat(weight_key.substr(0, weight_key.rfind('.')), ".bias");
}

at::Tensor StoredWeight(const AdapterTarget& target, const std::string& key) {
  const StoredTensor* stored = target.source->Find(key);
  if (stored == nullptr) return {};
  const absl::StatusOr<at::Tensor> read = ReadTensor(key, *stored);
  return read.ok() ? *read : at::Tensor();
}

bool NeedsBase(const PlannedChange& planned) {
  return planned.form == AdapterForm::kValue ||
         planned.module.Find(AdapterRole::kMagnitude) != nullptr;
}

// A norm's bias changes as its weight does: it has no product to go beside.
std::optional<ModuleChange> TakeBias(ModuleChange* change) {
  if (!change->bias.defined()) return std::nullopt;
  ModuleChange bias;
  bias.form = ModuleChange::Form::kDense;
  bias.a = std::exchange(change->bias, {});
  bias.rows = bias.a.size(0);
  return bias;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Adapter>> Adapter::Load(
    std::string id, const TensorSource& file, absl::Span<const AdapterTarget> targets,
    const std::string& family, at::Device device, at::ScalarType type) {
  const absl::StatusOr<std::vector<PlannedChange>> plan =
      PlanAdapter(file, NamesOf(targets), family);
  if (!plan.ok()) return plan.status();
  auto adapter = std::make_shared<Adapter>();
  adapter->id_ = std::move(id);
  for (const PlannedChange& planned : *plan) {
    const std::string& key = planned.place.weight.key;
    const AdapterTarget& target = TargetOf(targets, planned.place.component);
    const Slot* slot = FindSlot(target, key);
    const bool is_product = slot->side != nullptr;
    if (!is_product && slot->shape.size() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", planned.module.name, "' changes a table, which adapters cannot"));
    }
    absl::StatusOr<ModuleChange> change =
        MakeChange(planned, NeedsBase(planned) ? StoredWeight(target, key) : at::Tensor());
    if (!change.ok()) return change.status();
    Changes& changes = adapter->components_[planned.place.component];
    const auto add = [&](const std::string& to, const ModuleChange& made) {
      if (made.form == ModuleChange::Form::kNone && !made.bias.defined()) return;
      adapter->bytes_ += changes[to].emplace_back(made.To(device, type)).bytes();
    };
    if (!is_product) {
      adapter->replaces_values_ = true;
      if (const auto bias = TakeBias(&*change)) add(BiasKey(key), *bias);
    }
    add(key, *change);
  }
  return adapter;
}

const Adapter::Changes& Adapter::Of(const std::string& component) const {
  static const auto* none = new Changes();
  const auto found = components_.find(component);
  return found == components_.end() ? *none : found->second;
}

std::string KeyOf(const AdapterSet& set, const std::string& component) {
  std::string key;
  for (const AdapterUse& use : set) {
    const double strength = use.In(component);
    if (strength != 0 && use.adapter->Touches(component))
      absl::StrAppendFormat(&key, "%s*%a;", use.adapter->id(), strength);
  }
  return key;
}

std::string ValuesKeyOf(const AdapterSet& set) {
  std::string key;
  for (const AdapterUse& use : set) {
    if (use.adapter->replaces_values())
      absl::StrAppendFormat(&key, "%s*%a;", use.adapter->id(), use.strength);
  }
  return key;
}

TensorSource MergedSource(const AdapterTarget& target, const AdapterSet& set, at::ScalarType type) {
  const DataType stored_type = type == at::kBFloat16 ? DataType::kBF16
                               : type == at::kHalf   ? DataType::kF16
                                                     : DataType::kF32;
  std::map<std::string, at::Tensor> changed;
  const auto widened = [&](const std::string& key) -> at::Tensor {
    const auto [entry, fresh] = changed.try_emplace(key);
    if (fresh) {
      const at::Tensor stored = StoredWeight(target, key);
      if (!stored.defined()) {
        changed.erase(entry);
        return {};
      }
      entry->second = stored.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
    }
    return entry->second;
  };
  for (const AdapterUse& use : set) {
    for (const auto& [key, changes] : use.adapter->Of(target.component)) {
      for (const ModuleChange& change : changes) {
        MergeChange(change, use.In(target.component), widened(key),
                    change.bias.defined() ? widened(BiasKey(key)) : at::Tensor());
      }
    }
  }
  TensorSource::Tensors tensors = target.source->tensors();
  for (const auto& [key, weight] : changed) {
    auto kept = std::make_shared<at::Tensor>(
        weight.to(stored_type == DataType::kF32 ? at::kFloat : type).contiguous());
    StoredTensor& stored = tensors[key];
    stored.type = stored_type;
    stored.pieces = {
        {absl::MakeConstSpan(static_cast<const std::byte*>(kept->data_ptr()), kept->nbytes()),
         kept}};
  }
  return TensorSource(std::move(tensors), target.source->metadata());
}

}  // namespace hanga
