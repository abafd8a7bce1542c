// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The options of `hanga generate` for what stands beside a model: LoRA and textual inversions.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// Filled by CLI11.
struct AdapterFlags {
  std::vector<std::string> loras;       // NAME[:WEIGHT] or FILE.safetensors[:WEIGHT]
  std::vector<std::string> embeddings;  // TOKEN=NAME or TOKEN=FILE.safetensors

  void AddTo(CLI::App& command);

  // Stores the files as inputs of the server, and names everything in the request.
  // INVALID_ARGUMENT or NOT_FOUND names the flag; otherwise as Client::Upload.
  absl::Status UploadFiles(client::Client& client, v1::GenerationSpec& spec) const;

  // The same with another way to store a file's bytes.
  using Store =
      std::function<absl::StatusOr<v1::BlobRef>(const std::string& flag, const std::string& path)>;
  absl::Status Fill(const Store& store, v1::GenerationSpec& spec) const;
};

}  // namespace hanga::cli
