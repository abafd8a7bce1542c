// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Under which names adapters may call the weights of a model: those of every layout that the
// model's checkpoints have (worker/weights/key_map.h), with dots or, as kohya's scripts write them,
// underscores. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "worker/weights/key_map.h"

namespace hanga {

// A declared weight.
struct NamedWeight {
  std::string key;
  std::vector<int64_t> shape;
};

// What a name means: a weight, or the rows of one that joins several.
struct ModulePlace {
  std::string component;  // "unet"
  NamedWeight weight;
  int64_t first_row = 0, rows = 0;
  bool swap_halves = false;  // of the adapter's rows
};

class ModuleNames {
 public:
  // `component` as model folders call it: "unet", "transformer", "text_encoder", "text_encoder_2"…
  void Add(const std::string& component, absl::Span<const NamedWeight> weights,
           absl::Span<const KeyMap> maps);

  // Null: no component has such a module. `name` may be a module's, or a weight's in full.
  const ModulePlace* Find(std::string_view name) const;

 private:
  using Places = std::map<std::string, ModulePlace, std::less<>>;  // by name without prefix
  std::map<std::string, Places> components_;
};

}  // namespace hanga
