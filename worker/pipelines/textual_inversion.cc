// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/textual_inversion.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/pipelines/model_adapters.h"
#include "worker/pipelines/torch_errors.h"
#include "worker/tokenizers/added_words.h"
#include "worker/weights/loader.h"
#include "worker/weights/model_hash.h"
#include "worker/weights/safetensors.h"

namespace hanga {
namespace {

constexpr size_t kMostKept = 256;
constexpr int64_t kMostVectors = 75;  // a prompt's
constexpr uint64_t kMostBytes = 16 << 20;

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

bool IsPickle(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x80\x02");
}

absl::StatusOr<std::shared_ptr<const std::string>> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return Wrong("its file is not there");
  if (static_cast<uint64_t>(file.tellg()) > kMostBytes)
    return Wrong(absl::StrCat("its file has more than ", kMostBytes >> 20, " MiB"));
  file.seekg(0);
  return std::make_shared<const std::string>(std::istreambuf_iterator<char>(file),
                                             std::istreambuf_iterator<char>());
}

std::string IdOf(const EmbeddingUse& use, const std::string& path) {
  if (use.file != nullptr) return absl::StrCat(use.token, "=", use.sha256);
  const absl::StatusOr<FileStamp> stamp = StampFile(path);
  return stamp.ok() ? absl::StrCat(use.token, "=", path, "@", stamp->bytes, "-", stamp->mtime_ns,
                                   "-", stamp->inode)
                    : "";
}

}  // namespace

absl::StatusOr<std::vector<at::Tensor>> ReadInversionVectors(
    const std::string& name, std::shared_ptr<const std::string> bytes) {
  if (IsPickle(*bytes)) {
    return Wrong(
        "it is a pickle (.pt, .bin), which runs code when it is read: convert it to "
        ".safetensors");
  }
  const auto* data = reinterpret_cast<const std::byte*>(bytes->data());
  const auto file = ParseSafetensors(name, absl::MakeConstSpan(data, bytes->size()), bytes);
  if (!file.ok()) return file.status();
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : file->tensors()) keys.push_back(key);
  const bool pair = file->Has("clip_l") && file->Has("clip_g") && keys.size() == 2;
  if (keys.size() != 1 && !pair) {
    return Wrong(
        absl::StrCat("it has ", keys.size(), " tensors, must have one, or 'clip_l' and 'clip_g'"));
  }
  std::vector<at::Tensor> all;
  for (const std::string& key : keys) {
    const StoredTensor& stored = *file->Find(key);
    const auto& shape = stored.shape;
    const bool fits = WeightType(stored.type) && !shape.empty() && shape.size() <= 2 &&
                      shape.back() > 0 && (shape.size() == 1 || shape[0] > 0) &&
                      (shape.size() == 1 || shape[0] <= kMostVectors);
    if (!fits) {
      return Wrong(absl::StrCat("'", key, "' is ", DescribeTensor(stored), ", must be 1 to ",
                                kMostVectors, " vectors"));
    }
    const absl::StatusOr<at::Tensor> read = ReadTensor(key, stored);
    if (!read.ok()) return read.status();
    all.push_back(
        read->to(at::kFloat, /*non_blocking=*/false, /*copy=*/true).view({-1, shape.back()}));
  }
  return all;
}

absl::StatusOr<std::shared_ptr<const TextualInversion>> InversionShelf::Read(
    const EmbeddingUse& use) {
  const auto failed = [&](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat("embedding '", use.token, "': ", status.message()));
  };
  std::string path;
  if (use.file == nullptr) {
    if (folder_.empty()) return failed(Wrong("this model offers none by name"));
    const absl::StatusOr<std::string> found = FileInFolder(folder_, use.name);
    if (!found.ok()) return failed(found.status());
    path = *found;
  }
  const std::string id = IdOf(use, path);
  const auto known = std::find_if(known_.begin(), known_.end(),
                                  [&](const auto& inversion) { return inversion->id == id; });
  if (known != known_.end()) {
    known_.splice(known_.begin(), known_, known);
    return known_.front();
  }
  absl::StatusOr<std::shared_ptr<const std::string>> bytes = use.file;
  if (use.file == nullptr) bytes = ReadFile(path);
  if (!bytes.ok()) return failed(bytes.status());
  absl::StatusOr<std::vector<at::Tensor>> vectors = Wrong("not read");
  const absl::Status ran =
      RunGuarded("embedding", [&] { vectors = ReadInversionVectors(use.token, *bytes); });
  if (!ran.ok()) return failed(ran);
  if (!vectors.ok()) return failed(vectors.status());
  known_.push_front(std::make_shared<const TextualInversion>(
      TextualInversion{use.token, id, *std::move(vectors)}));
  if (known_.size() > kMostKept) known_.pop_back();
  return known_.front();
}

absl::StatusOr<Inversions> InversionShelf::Load(const GenerationRequest& r) {
  std::vector<EmbeddingUse> uses = r.embeddings;
  if (!folder_.empty()) {
    for (const std::string& name : AdaptersIn(folder_)) {
      for (const std::string* prompt :
           {&r.prompt, &r.prompt_2, &r.negative_prompt, &r.negative_prompt_2}) {
        if (!AddedWords::Has(*prompt, name)) continue;
        uses.push_back({name, name, nullptr, ""});
        break;
      }
    }
  }
  Inversions inversions;
  for (const EmbeddingUse& use : uses) {
    auto read = Read(use);
    if (!read.ok()) return read.status();
    inversions.push_back(*std::move(read));
  }
  return inversions;
}

}  // namespace hanga
