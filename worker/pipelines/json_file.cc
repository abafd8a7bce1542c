// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/json_file.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace hanga {

absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(name, " is missing"));
  std::string text(kMaxJsonFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxJsonFileBytes) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, " is larger than ", kMaxJsonFileBytes, " bytes"));
  }
  nlohmann::json value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) {
    return absl::FailedPreconditionError(absl::StrCat(name, " is not a JSON object"));
  }
  return value;
}

}  // namespace hanga
