// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What is written inside a picture's file, so that it can be drawn again: one `parameters` text in
// AUTOMATIC1111's form, which viewers and other programs read, and the same as separate keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hanga {

struct PictureMetadata {
  std::string prompt;
  std::string negative_prompt;
  uint64_t seed = 0;
  int steps = 0;
  double guidance_scale = 0;  // distilled guidance
  double true_cfg_scale = 1;
  std::string sampler, scheduler;
  std::optional<double> shift;
  int width = 0, height = 0;       // pixels
  std::vector<std::string> loras;  // "style:0.8": names, or the first digits of a file's SHA-256
  std::string model;               // "flux-dev"
  std::string model_sha256;        // hexadecimal; its first ten digits are the model hash
  std::string version;             // Hanga's
};

// "a cat\nNegative prompt: a dog\nSteps: 20, Sampler: euler, CFG scale: 1, ..."
std::string ParametersText(const PictureMetadata& metadata);

// `parameters` first, then one pair a field. Values are UTF-8.
std::vector<std::pair<std::string, std::string>> TextEntries(const PictureMetadata& metadata);

}  // namespace hanga
