// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Finds a model's files, whichever way they are laid out:
//
//   diffusers folder       model_index.json, a folder for each component
//   BFL or ComfyUI file    the main network alone; the other components are named, or lie in the
//                          folder that the file stands in
//
// Free of Torch; no weights are opened.
#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/models/registry.h"
#include "worker/pipelines/pipeline.h"

namespace hanga {

// Where one network is.
struct ComponentFiles {
  std::string weights;                   // a folder or a .safetensors file
  std::optional<nlohmann::json> config;  // its config.json; none: told by the weights
  bool assumed = false;                  // nobody said so: the main checkpoint may hold it too
};

struct ModelLayout {
  const Family* family = nullptr;
  std::string root;                             // the diffusers folder; empty if there is none
  std::map<std::string, ComponentFiles> parts;  // by component name
  std::map<std::string, std::string> folders;   // "tokenizer", "tokenizer_2": not networks
  std::optional<nlohmann::json> index;          // model_index.json
  std::optional<nlohmann::json> scheduler;      // scheduler_config.json
  std::optional<nlohmann::json> settings;       // hanga.json
  std::vector<FixedLora> loras;                 // as ModelFiles has them
  std::string lora_folder, embedding_folder;
};

// NOT_FOUND: the path or a component does not exist. FAILED_PRECONDITION: the folder is not a model
// that Hanga knows, or a component has no files; the message says what to give.
absl::StatusOr<ModelLayout> FindModelFiles(const ModelFiles& files);

}  // namespace hanga
