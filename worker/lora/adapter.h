// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// An adapter that is loaded for a model: its changes, on the device, by the weights that they
// change.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/layers/block_list.h"
#include "worker/lora/module_change.h"
#include "worker/weights/tensor_source.h"

namespace hanga {

// A component of a model that adapters may change.
struct AdapterTarget {
  std::string component;  // "unet"
  std::vector<BlockWeights*> blocks;
  const TensorSource* source;     // of its weights, under Hanga's keys
  absl::Span<const KeyMap> maps;  // of its layouts
};

// Immutable. Thread-compatible.
class Adapter {
 public:
  using Changes = std::map<std::string, std::vector<ModuleChange>>;  // by the weight's key

  // `id` tells it from every other. INVALID_ARGUMENT: see PlanAdapter. Throws as ATen does.
  static absl::StatusOr<std::shared_ptr<const Adapter>> Load(
      std::string id, const TensorSource& file, absl::Span<const AdapterTarget> targets,
      const std::string& family, at::Device device, at::ScalarType type);

  const std::string& id() const { return id_; }
  uint64_t bytes() const { return bytes_; }
  bool Touches(const std::string& component) const { return components_.contains(component); }
  // It changes more than products: pictures with another such set cannot share a batch.
  bool replaces_values() const { return replaces_values_; }
  // Empty where it does not touch the component.
  const Changes& Of(const std::string& component) const;

 private:
  std::string id_;
  std::map<std::string, Changes> components_;
  uint64_t bytes_ = 0;
  bool replaces_values_ = false;
};

// One of several adapters that a picture is drawn with.
struct AdapterUse {
  std::shared_ptr<const Adapter> adapter;
  double strength = 1;       // in the denoiser
  double text_strength = 1;  // in the text encoders

  double In(const std::string& component) const {
    return component.starts_with("text_encoder") ? text_strength : strength;
  }
};
using AdapterSet = std::vector<AdapterUse>;

// Tells sets apart by what they do to a component: empty where they leave it alone.
std::string KeyOf(const AdapterSet& set, const std::string& component);
// The same of what keeps pictures from sharing a batch.
std::string ValuesKeyOf(const AdapterSet& set);

// The component's weights with the set's changes in them, for a model that is always drawn with it;
// changed weights are kept in host memory, in `type`. The set's tensors are float32 on the CPU.
// Throws as ATen does.
TensorSource MergedSource(const AdapterTarget& target, const AdapterSet& set, at::ScalarType type);

}  // namespace hanga
