// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/checkpoint.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/weights/key_list.h"
#include "worker/weights/mapped_file.h"
#include "worker/weights/safetensors.h"
#include "worker/weights/shard_index.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

absl::Status InFile(const std::string& name, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

absl::StatusOr<ShardIndex> ReadShardIndex(const std::string& path) {
  const auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  const auto bytes = (*file)->bytes();
  auto index = ParseShardIndex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!index.ok()) return InFile(BaseName(path), index.status());
  return index;
}

absl::StatusOr<CheckpointFiles> IndexedFiles(const fs::path& path) {
  const auto index = ReadShardIndex(path.string());
  if (!index.ok()) return index.status();
  std::set<std::string> names;
  for (const auto& [key, shard] : *index) names.insert(shard);

  CheckpointFiles files{.index = path.string(), .shards = {}};
  KeyList missing("missing shard");
  for (const std::string& name : names) {
    const fs::path shard = path.parent_path() / name;
    if (!IsFile(shard)) missing.Add(name);
    files.shards.push_back(shard.string());
  }
  if (missing.empty()) return files;
  return absl::NotFoundError(absl::StrCat(path.filename().string(), ": ", missing.Text()));
}

absl::StatusOr<TensorSource> OpenIndexed(const CheckpointFiles& files) {
  const auto index = ReadShardIndex(files.index);
  if (!index.ok()) return index.status();

  TensorSource::Tensors tensors;
  std::set<std::string> elsewhere;
  KeyList misplaced("misplaced key"), unlisted("unlisted key"), missing("missing key");
  for (const std::string& path : files.shards) {
    const std::string shard = BaseName(path);
    const auto source = OpenSafetensors(path);
    if (!source.ok()) return source.status();
    for (const auto& [key, tensor] : source->tensors()) {
      const auto listed = index->find(key);
      if (listed == index->end()) {
        unlisted.Add(key, absl::StrCat(" in ", shard));
      } else if (listed->second != shard) {
        elsewhere.insert(key);
        misplaced.Add(key, absl::StrCat(" is in ", shard, ", not in ", listed->second));
      } else {
        tensors.emplace(key, tensor);
      }
    }
  }
  for (const auto& [key, shard] : *index) {
    if (tensors.contains(key) || elsewhere.contains(key)) continue;
    missing.Add(key, absl::StrCat(" in ", shard));
  }
  const std::string faults = JoinKeyLists({missing, misplaced, unlisted});
  if (faults.empty()) return TensorSource(std::move(tensors));
  return absl::InvalidArgumentError(absl::StrCat(BaseName(files.index), ": ", faults));
}

}  // namespace

absl::StatusOr<CheckpointFiles> FindCheckpoint(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (IsFile(path)) return CheckpointFiles{.index = "", .shards = {path}};
    return absl::NotFoundError(absl::StrCat(BaseName(path), ": there is no such file or folder"));
  }
  // diffusers and transformers put the variant before the last part of the name.
  for (const std::string variant : {"", ".fp16", ".bf16"}) {
    for (const std::string stem : {"diffusion_pytorch_model", "model"}) {
      const fs::path index =
          fs::path(path) / absl::StrCat(stem, ".safetensors.index", variant, ".json");
      if (IsFile(index)) return IndexedFiles(index);
      const fs::path single = fs::path(path) / absl::StrCat(stem, variant, ".safetensors");
      if (IsFile(single)) return CheckpointFiles{.index = "", .shards = {single.string()}};
    }
  }
  return absl::NotFoundError(absl::StrCat(
      BaseName(path), ": holds neither diffusion_pytorch_model.safetensors nor model.safetensors, ",
      "nor an index of shards of these names"));
}

absl::StatusOr<TensorSource> OpenCheckpoint(const std::string& path) {
  const auto files = FindCheckpoint(path);
  if (!files.ok()) return files.status();
  return files->index.empty() ? OpenSafetensors(files->shards[0]) : OpenIndexed(*files);
}

}  // namespace hanga
