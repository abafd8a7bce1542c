// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The families that Hanga draws with: how their files are recognised and which components they
// have. Adding a family is one line in registry.cc (docs/adding-a-model.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace hanga {

enum class ComponentKind { kFluxTransformer, kClip, kT5, kAutoencoder };

// One network of a family. `name` is its folder in a diffusers repository, and in a checkpoint's
// list of components.
struct Component {
  std::string_view name;  // "text_encoder_2"
  ComponentKind kind;
  std::string_view class_name;  // in model_index.json: "T5EncoderModel"
};

struct Family {
  std::string_view name;                           // "flux"
  std::vector<std::string_view> pipeline_classes;  // _class_name in model_index.json
  // Any of these keys in a single file, after its prefix ("model.diffusion_model.") is taken off,
  // says that it holds this family's main network.
  std::vector<std::string_view> telling_keys;
  std::vector<Component> components;  // in the order in which a generation uses them
};

absl::Span<const Family> Families();

// Null where no family has this pipeline class.
const Family* FamilyByPipelineClass(std::string_view class_name);

// Null where no family is told by these keys. `keys` need not be sorted.
const Family* FamilyByKeys(absl::Span<const std::string> keys);

}  // namespace hanga
