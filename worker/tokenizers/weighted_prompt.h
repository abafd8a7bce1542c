// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Prompts with weights, as the users of AUTOMATIC1111's web UI and of ComfyUI write them.
//
//              A1111                 ComfyUI
//   (word)     1.1                   1.1             nested ones multiply
//   (word:1.3) 1.3                   1.3             ComfyUI: whatever is around it
//   [word]     1 / 1.1               plain text
//   BREAK      a new chunk           plain text
//   \( \)      the characters        the characters
//
// Any text is a prompt: brackets that are never closed weigh what follows, as they do there.
// However many brackets there are, a weight stays within kMostWeight of 0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hanga {

inline constexpr double kMostWeight = 100;

struct WeightedText {
  std::string text;
  double weight = 1;
  bool starts_chunk = false;  // after BREAK

  friend bool operator==(const WeightedText&, const WeightedText&) = default;
};

std::vector<WeightedText> ReadA1111Prompt(std::string_view prompt);
std::vector<WeightedText> ReadComfyPrompt(std::string_view prompt);

}  // namespace hanga
