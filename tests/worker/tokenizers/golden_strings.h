// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The strings of tests/golden/tokenizers_ids with the ids that the reference gives them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hanga {

struct GoldenString {
  std::string text;
  std::vector<int64_t> ids;     // as they are
  std::vector<int64_t> padded;  // to 77 (CLIP) or 64 (T5)
};

// `file` is "clip.json" or "t5.json".
std::vector<GoldenString> ReadGoldenStrings(const std::string& file);

std::string GoldenFolder(const std::string& name);  // under tests/golden

}  // namespace hanga
