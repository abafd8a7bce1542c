// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/check/golden_case.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "worker/weights/safetensors.h"

namespace hanga {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

absl::StatusOr<TensorSource> ReadTensors(const fs::path& path) {
  if (!Exists(path)) return TensorSource();
  return OpenSafetensors(path);
}

at::ScalarType TypeOf(DataType type) {
  switch (type) {
    case DataType::kF64:
      return at::kDouble;
    case DataType::kF16:
      return at::kHalf;
    case DataType::kBF16:
      return at::kBFloat16;
    case DataType::kI64:
      return at::kLong;
    case DataType::kI32:
      return at::kInt;
    case DataType::kU8:
      return at::kByte;
    case DataType::kBool:
      return at::kBool;
    default:
      return at::kFloat;
  }
}

at::Tensor ReadTensor(const TensorSource& source, const std::string& name) {
  const StoredTensor* stored = source.Find(name);
  if (stored == nullptr) return at::Tensor();
  at::Tensor tensor = at::empty(stored->shape, TypeOf(stored->type));
  TORCH_CHECK(tensor.nbytes() == stored->bytes(), name, " has a type that golden cases do not use");
  auto* data = static_cast<char*>(tensor.data_ptr());
  for (const TensorPiece& piece : stored->pieces) {
    if (piece.bytes.empty()) continue;
    std::memcpy(data, piece.bytes.data(), piece.bytes.size());
    data += piece.bytes.size();
  }
  return tensor;
}

// Python writes numbers that JSON does not have; nothing that is compared is one.
nlohmann::json ReadInfo(const fs::path& path) {
  static const std::regex not_a_number(R"(([:\[,]\s*)(-?Infinity|NaN)(?=\s*[,\]\}]))");
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return nlohmann::json::parse(std::regex_replace(text, not_a_number, "$1null"), nullptr,
                               /*allow_exceptions=*/false);
}

// The nearest folder above a case that has an index or models.
fs::path RootOf(const fs::path& folder) {
  for (fs::path root = folder.parent_path(); !root.empty(); root = root.parent_path()) {
    if (Exists(root / "index.json") || Exists(root / "models")) return root;
    if (root == root.parent_path()) break;
  }
  return folder.parent_path();
}

}  // namespace

std::string GoldenCase::Resolve(const std::string& path) const {
  const fs::path in_set = fs::path(root) / path;
  if (models.empty() || Exists(in_set)) return in_set;
  return fs::path(models) / fs::path(path).lexically_relative("models");
}

bool GoldenCase::Has(const std::string& path) const { return Exists(Resolve(path)); }

at::Tensor GoldenCase::Input(const std::string& name) const { return ReadTensor(inputs, name); }

at::Tensor GoldenCase::Output(const std::string& name) const { return ReadTensor(outputs, name); }

std::vector<std::string> GoldenCase::SameWeights(const std::string& model) const {
  // "models/a/vae (sharded) = models/a/ae.safetensors (LDM keys)"
  static const std::regex line(R"(^(\S+)[^=]*=.*?(models/\S+\.safetensors).*)");
  std::vector<std::string> same;
  const auto weights = info.find("weights");
  if (weights == info.end() || !weights->is_array()) return same;
  for (const nlohmann::json& entry : *weights) {
    std::smatch match;
    const std::string text = entry.is_string() ? entry.get<std::string>() : "";
    if (std::regex_match(text, match, line) && match[1] == model) same.push_back(match[2]);
  }
  return same;
}

absl::StatusOr<std::vector<std::string>> FindCases(const std::string& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return absl::NotFoundError(absl::StrCat(folder, ": there is no such folder"));
  if (Exists(root / "case.json")) return std::vector<std::string>{root};
  std::vector<std::string> cases;
  for (const fs::directory_entry& entry : fs::directory_iterator(root, error)) {
    if (Exists(entry.path() / "case.json")) cases.push_back(entry.path());
  }
  if (cases.empty()) {
    return absl::NotFoundError(absl::StrCat(folder, ": holds no golden cases (case.json)"));
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

absl::StatusOr<GoldenCase> ReadCase(const std::string& folder, const std::string& models) {
  GoldenCase golden;
  golden.folder = folder;
  golden.root = RootOf(folder);
  golden.models = models;
  golden.info = ReadInfo(fs::path(folder) / "case.json");
  if (!golden.info.is_object()) {
    return absl::FailedPreconditionError(absl::StrCat(folder, ": case.json is not a JSON object"));
  }
  golden.name = golden.info.value("case", fs::path(folder).filename().string());
  absl::StatusOr<TensorSource> inputs = ReadTensors(fs::path(folder) / "inputs.safetensors");
  if (!inputs.ok()) return inputs.status();
  absl::StatusOr<TensorSource> outputs = ReadTensors(fs::path(folder) / "outputs.safetensors");
  if (!outputs.ok()) return outputs.status();
  golden.inputs = *std::move(inputs);
  golden.outputs = *std::move(outputs);
  return golden;
}

}  // namespace hanga
