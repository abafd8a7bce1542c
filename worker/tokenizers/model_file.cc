// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/model_file.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace hanga {

absl::StatusOr<std::string> ReadTokenizerFile(const std::string& folder, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(folder) / name;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat("the tokenizer has no ", name));
  }
  const auto size = std::filesystem::file_size(path, error);
  if (error || size > kMaxTokenizerFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is longer than the limit of ", kMaxTokenizerFileBytes, " bytes"));
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (!file) return absl::UnavailableError(absl::StrCat(name, " cannot be read"));
  return bytes;
}

absl::StatusOr<nlohmann::json> ReadTokenizerJson(const std::string& folder,
                                                 const std::string& name) {
  const auto text = ReadTokenizerFile(folder, name);
  if (!text.ok()) return text.status();
  auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    return absl::InvalidArgumentError(absl::StrCat(name, " is no JSON object"));
  return json;
}

}  // namespace hanga
