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

enum class ComponentKind { kFluxTransformer, kUnet, kSd3Transformer, kClip, kT5, kAutoencoder };

// One network of a family. `name` is its folder in a diffusers repository, and in a checkpoint's
// list of components.
struct Component {
  std::string name;  // "text_encoder_2"
  ComponentKind kind;
  std::string class_name;  // in model_index.json: "T5EncoderModel"
};

struct Family {
  std::string name;                           // "flux"
  std::vector<std::string> pipeline_classes;  // _class_name in model_index.json
  // Each entry is a set of keys that, all together in one file, say that it holds the family's main
  // network in one of its layouts. A file may put any prefix before them.
  std::vector<std::vector<std::string>> signatures;
  std::string main_component;           // what such a file holds
  std::vector<Component> components;    // in the order in which a generation uses them
  std::vector<std::string> tokenizers;  // their folders
};

absl::Span<const Family> Families();

// The first family that has this pipeline class; null where none has.
const Family* FamilyByPipelineClass(std::string_view class_name);

// Null where the keys hold no family's signature. `keys` need not be sorted.
const Family* FamilyByKeys(absl::Span<const std::string> keys);

}  // namespace hanga
