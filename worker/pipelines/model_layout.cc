// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/model_layout.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/pipelines/json_file.h"
#include "worker/weights/checkpoint.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// An optional file: absent is no error, malformed is one.
absl::Status ReadOptional(const fs::path& path, const std::string& name,
                          std::optional<nlohmann::json>* value) {
  absl::StatusOr<nlohmann::json> json = ReadJsonFile(path, name);
  if (absl::IsNotFound(json.status())) return absl::OkStatus();
  if (!json.ok()) return json.status();
  *value = *std::move(json);
  return absl::OkStatus();
}

// Whether the index names all components of a family; [null, null] stands for one that is not
// there.
bool NamesAll(const nlohmann::json& index, const Family& family) {
  return std::all_of(family.components.begin(), family.components.end(),
                     [&](const Component& component) {
                       const auto entry = index.find(component.name);
                       return entry != index.end() && entry->is_array() && entry->size() == 2 &&
                              !(*entry)[1].is_null();
                     });
}

// One class draws with SDXL and with its refiner, which has fewer components: the family with the
// most of those that are there, or the most in all, so that what is missing can be named.
const Family* FamilyOfClass(const std::string& class_name, const nlohmann::json& index) {
  const Family* best = nullptr;
  const auto rank = [&](const Family& family) {
    return std::pair(NamesAll(index, family), family.components.size());
  };
  for (const Family& family : Families()) {
    const auto& classes = family.pipeline_classes;
    if (std::find(classes.begin(), classes.end(), class_name) == classes.end()) continue;
    if (best == nullptr || rank(family) > rank(*best)) best = &family;
  }
  return best;
}

absl::StatusOr<const Family*> FamilyOfIndex(const nlohmann::json& index) {
  const auto name = index.find("_class_name");
  if (name == index.end() || !name->is_string()) {
    return absl::FailedPreconditionError("model_index.json: _class_name is missing");
  }
  const Family* family = FamilyOfClass(name->get_ref<const std::string&>(), index);
  if (family == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("model_index.json: _class_name ",
                                                      name->dump().substr(0, 80),
                                                      " is not a pipeline that Hanga knows"));
  }
  return family;
}

// model_index.json says [library, class] for each component.
absl::Status CheckIndexClass(const nlohmann::json& index, const Component& component) {
  const auto entry = index.find(component.name);
  if (entry == index.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("model_index.json: ", component.name, " is missing"));
  }
  const bool named = entry->is_array() && entry->size() == 2 && (*entry)[1].is_string();
  if (!named || (*entry)[1].get_ref<const std::string&>() != component.class_name) {
    return absl::FailedPreconditionError(absl::StrCat("model_index.json: ", component.name, " is ",
                                                      entry->dump().substr(0, 80), ", must be a ",
                                                      component.class_name));
  }
  return absl::OkStatus();
}

// Finds the configuration that belongs to a component's weights: in its own folder, in the folder
// of that name beside a single file, or in the model's folder.
absl::Status ReadConfig(const ModelLayout& layout, const std::string& name, ComponentFiles* part) {
  const fs::path weights = part->weights;
  std::vector<fs::path> places;
  if (IsFolder(weights)) {
    places.push_back(weights / "config.json");
  } else {
    places.push_back(weights.parent_path() / name / "config.json");
    if (weights.parent_path().filename() == name) {
      places.push_back(weights.parent_path() / "config.json");
    }
    if (!layout.root.empty()) places.push_back(fs::path(layout.root) / name / "config.json");
  }
  for (const fs::path& place : places) {
    if (!Exists(place)) continue;
    return ReadOptional(place, absl::StrCat(name, "/config.json"), &part->config);
  }
  if (IsFolder(weights)) {
    return absl::FailedPreconditionError(absl::StrCat(name, "/config.json is missing"));
  }
  return absl::OkStatus();
}

// The family whose main network a single file holds.
absl::StatusOr<const Family*> FamilyOfFile(const fs::path& path) {
  if (path.extension() != ".safetensors") {
    return absl::FailedPreconditionError("path: a checkpoint must be a .safetensors file");
  }
  const absl::StatusOr<TensorSource> source = OpenCheckpoint(path);
  if (!source.ok()) return source.status();
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : source->tensors()) keys.push_back(key);
  const Family* family = FamilyByKeys(keys);
  if (family == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        path.filename().string(), ": its keys are not those of a model that Hanga knows"));
  }
  return family;
}

// Finds files in the order: named by the user, the main checkpoint, the model's folder.
class Finder {
 public:
  explicit Finder(const ModelFiles& files)
      : files_(files),
        path_(files.path),
        is_folder_(IsFolder(path_)),
        root_(is_folder_ ? path_ : path_.parent_path()) {}

  absl::StatusOr<ModelLayout> Find() {
    if (!Exists(path_)) return absl::NotFoundError("path: there is no such file or folder");
    if (absl::Status s = FindFamily(); !s.ok()) return s;
    if (absl::Status s = CheckNames(); !s.ok()) return s;
    for (const Component& component : layout_.family->components) {
      if (absl::Status s = FindComponent(component); !s.ok()) return s;
    }
    for (const std::string& tokenizer : layout_.family->tokenizers) {
      if (absl::Status s = FindTokenizer(tokenizer); !s.ok()) return s;
    }
    if (absl::Status s = ReadOptional(root_ / "scheduler" / "scheduler_config.json",
                                      "scheduler/scheduler_config.json", &layout_.scheduler);
        !s.ok()) {
      return s;
    }
    if (is_folder_ && !layout_.scheduler) {
      return absl::FailedPreconditionError("scheduler/scheduler_config.json is missing");
    }
    if (absl::Status s = ReadOptional(root_ / "hanga.json", "hanga.json", &layout_.settings);
        !s.ok()) {
      return s;
    }
    layout_.index = index_;
    return std::move(layout_);
  }

 private:
  absl::Status FindFamily() {
    if (absl::Status s = ReadOptional(root_ / "model_index.json", "model_index.json", &index_);
        !s.ok()) {
      return s;
    }
    if (is_folder_ && !index_) {
      return absl::FailedPreconditionError(
          "path: the folder has no model_index.json, so it is not a diffusers model");
    }
    if (index_) layout_.root = root_;
    const absl::StatusOr<const Family*> family =
        is_folder_ ? FamilyOfIndex(*index_) : FamilyOfFile(path_);
    if (!family.ok()) return family.status();
    layout_.family = *family;
    return absl::OkStatus();
  }

  // Every name that the user gave must be one that the family has.
  absl::Status CheckNames() const {
    for (const auto& [name, given] : files_.components) {
      const auto& parts = layout_.family->components;
      const auto& tokenizers = layout_.family->tokenizers;
      const bool known =
          std::any_of(parts.begin(), parts.end(),
                      [&](const Component& component) { return component.name == name; }) ||
          std::find(tokenizers.begin(), tokenizers.end(), name) != tokenizers.end();
      if (!known) {
        return absl::FailedPreconditionError(absl::StrCat(
            "components.", name, ": a ", layout_.family->name, " model has no such component"));
      }
      if (!Exists(given)) {
        return absl::NotFoundError(
            absl::StrCat("components.", name, ": there is no such file or folder"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status FindComponent(const Component& component) {
    ComponentFiles& part = layout_.parts[component.name];
    const auto given = files_.components.find(component.name);
    if (given != files_.components.end()) {
      part.weights = given->second;
    } else if (!is_folder_ && component.name == layout_.family->main_component) {
      part.weights = files_.path;
    } else if (index_) {
      if (absl::Status s = CheckIndexClass(*index_, component); !s.ok()) return s;
      part.weights = root_ / component.name;
      if (!IsFolder(part.weights)) {
        return absl::FailedPreconditionError(
            absl::StrCat("the folder ", component.name, " is missing"));
      }
    } else {
      part.weights = files_.path;  // an all-in-one checkpoint; its keys will tell
      part.assumed = true;
    }
    return ReadConfig(layout_, component.name, &part);
  }

  absl::Status FindTokenizer(const std::string& name) {
    const auto given = files_.components.find(name);
    const fs::path place =
        given != files_.components.end() ? fs::path(given->second) : root_ / name;
    if (!IsFolder(place)) {
      return absl::FailedPreconditionError(
          absl::StrCat("components.", name,
                       ": give the folder of the tokenizer's files; checkpoints do not hold them"));
    }
    layout_.folders[name] = place;
    return absl::OkStatus();
  }

  const ModelFiles& files_;
  const fs::path path_;
  const bool is_folder_;
  const fs::path root_;  // where the other components may lie
  std::optional<nlohmann::json> index_;
  ModelLayout layout_;
};

}  // namespace

absl::StatusOr<ModelLayout> FindModelFiles(const ModelFiles& files) {
  absl::StatusOr<ModelLayout> layout = Finder(files).Find();
  if (!layout.ok()) return layout;
  layout->loras = files.loras;
  layout->lora_folder = files.lora_folder;
  layout->embedding_folder = files.embedding_folder;
  return layout;
}

}  // namespace hanga
