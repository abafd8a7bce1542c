// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/lora/adapter_binding.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "worker/weights/loader.h"

namespace hanga {
namespace {

// A batch and the prompts before it, of a few jobs that take turns.
constexpr size_t kKeptCompositions = 4;

bool AllAlike(absl::Span<const std::string> keys) {
  return std::all_of(keys.begin(), keys.end(),
                     [&](const std::string& key) { return key == keys.front(); });
}

}  // namespace

AdapterBinding::AdapterBinding(AdapterTarget target, at::Device device, at::ScalarType type)
    : target_(std::move(target)), device_(device), type_(type) {}

AdapterBinding::Bound AdapterBinding::Bind(absl::Span<const AdapterSet* const> rows) {
  TORCH_CHECK(bound_ == nullptr, target_.component, " has adapters already");
  std::vector<std::string> keys;
  for (const AdapterSet* set : rows) keys.push_back(KeyOf(*set, target_.component));
  if (keys.empty() || (AllAlike(keys) && keys.front().empty())) return {};
  if (AllAlike(keys)) rows = rows.subspan(0, 1), keys.resize(1);
  std::string key;
  for (const std::string& row : keys) absl::StrAppend(&key, row, "|");

  const auto known = std::find_if(compositions_.begin(), compositions_.end(),
                                  [&](const Composition& c) { return c.key == key; });
  if (known != compositions_.end()) {
    compositions_.splice(compositions_.begin(), compositions_, known);
  } else {
    // Freed first: a new one may need the room.
    while (compositions_.size() >= kKeptCompositions) compositions_.pop_back();
    Composition composition;
    composition.key = key;
    Compose(rows, &composition);
    compositions_.push_front(std::move(composition));
  }
  bound_ = &compositions_.front();
  for (BlockWeights* block : target_.blocks) block->adapted = key;
  for (const auto& [slot, product] : bound_->products) *slot->side = product.get();
  for (const Value& value : bound_->values) {
    displaced_.push_back(*value.slot->tensor);
    value.slot->replacement = value.changed;
    if (value.slot->tensor->defined()) *value.slot->tensor = value.changed;
  }
  return Bound(this);
}

void AdapterBinding::Compose(absl::Span<const AdapterSet* const> rows,
                             Composition* composition) const {
  for (const AdapterSet* set : rows) composition->sets.push_back(*set);
  for (BlockWeights* block : target_.blocks) {
    for (Slot& slot : block->slots) {
      std::vector<std::vector<WeightedChange>> changes(rows.size());
      bool any = false;
      for (size_t row = 0; row < rows.size(); ++row) {
        for (const AdapterUse& use : composition->sets[row]) {
          const double strength = use.In(target_.component);
          const Adapter::Changes& all = use.adapter->Of(target_.component);
          const auto found = all.find(slot.key);
          if (found == all.end() || strength == 0) continue;
          for (const ModuleChange& change : found->second)
            changes[row].push_back({&change, strength});
          any = true;
        }
      }
      if (!any) continue;
      if (slot.side != nullptr) {
        composition->products.emplace_back(&slot,
                                           std::make_unique<BatchProduct>(slot.shape, changes));
      } else {
        composition->values.push_back(ValueOf(&slot, composition->sets.front()));
      }
    }
  }
}

AdapterBinding::Value AdapterBinding::ValueOf(Slot* slot, const AdapterSet& set) const {
  const absl::StatusOr<at::Tensor> stored = ReadTensor(slot->key, *target_.source->Find(slot->key));
  TORCH_CHECK(stored.ok(), slot->key, " cannot be read again");
  at::Tensor value = stored->to(device_, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  for (const AdapterUse& use : set) {
    const Adapter::Changes& all = use.adapter->Of(target_.component);
    const auto found = all.find(slot->key);
    if (found == all.end()) continue;
    for (const ModuleChange& change : found->second)
      value.add_(change.a.to(at::kFloat), use.In(target_.component));
  }
  return {slot, value.to(type_), stored->to(device_, type_)};
}

void AdapterBinding::Release() {
  for (const auto& [slot, product] : bound_->products) *slot->side = nullptr;
  for (size_t i = 0; i < bound_->values.size(); ++i) {
    const Value& value = bound_->values[i];
    value.slot->replacement = at::Tensor();
    if (!value.slot->tensor->defined()) continue;  // its block has gone meanwhile
    // One that has come meanwhile gets what is stored.
    *value.slot->tensor = displaced_[i].defined() ? displaced_[i] : value.stored;
  }
  for (BlockWeights* block : target_.blocks) block->adapted.clear();
  displaced_.clear();
  bound_ = nullptr;
}

}  // namespace hanga
