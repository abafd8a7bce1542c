// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The options of `hanga generate` for pictures to begin with and for a second pass.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/client.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// Filled by CLI11. What is not given stays unset in the request.
struct PictureFlags {
  std::string init, mask;  // files
  std::optional<double> strength;
  std::optional<uint32_t> mask_blur;
  std::optional<double> upscale, upscale_strength;
  std::optional<uint32_t> upscale_steps;
  std::string upscale_space, upscale_method;

  void AddTo(CLI::App& command);

  // Everything but the files.
  void Fill(v1::GenerationSpec& spec) const;
  // Stores the files as inputs of the server, and names them in the request. INVALID_ARGUMENT or
  // NOT_FOUND names the flag; otherwise as Client::Upload.
  absl::Status UploadFiles(client::Client& client, v1::GenerationSpec& spec) const;
};

}  // namespace hanga::cli
