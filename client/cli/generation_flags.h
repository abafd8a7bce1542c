// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The options of `hanga generate` that say what to draw.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/adapter_flags.h"
#include "client/cli/picture_flags.h"
#include "hanga/v1/generation_service.pb.h"

namespace hanga::cli {

// Filled by CLI11. What is not given stays unset in the request: the server knows the model's
// defaults and its limits, and checks them.
struct GenerationFlags {
  std::string prompt, prompt_2, negative_prompt, negative_prompt_2;
  std::string model;
  std::string syntax, size, sampler, scheduler;
  std::optional<uint64_t> seed;
  std::optional<uint32_t> steps, images, quality, preview_interval, max_sequence_length, clip_skip;
  std::optional<double> guidance, true_cfg, shift, eta;
  std::optional<double> guidance_rescale, guidance_start, guidance_end;
  std::optional<double> aesthetic_score, negative_aesthetic_score;
  PictureFlags pictures;
  AdapterFlags adapters;
  std::string format, priority, deadline, request_id;
  std::vector<std::string> labels;
  bool deterministic = false, allow_cached = false;

  void AddTo(CLI::App& command);

  // All but the files that `pictures` and `adapters` name. INVALID_ARGUMENT names the flag. `now`
  // is what
  // --deadline counts from. A prompt of "-" is read from standard input.
  absl::StatusOr<v1::SubmitJobRequest> Request(absl::Time now) const;
};

}  // namespace hanga::cli
