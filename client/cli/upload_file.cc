// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/upload_file.h"

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace hanga::cli {

absl::StatusOr<v1::BlobRef> UploadFile(client::Client& client, const std::string& flag,
                                       const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(absl::StrCat(flag, ": ", path, " cannot be read"));
  }
  if (bytes.empty()) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", path, " is empty"));
  return client.Upload(bytes);
}

}  // namespace hanga::cli
