// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/worker/tokenizers/golden_strings.h"

#include <nlohmann/json.hpp>

#include <fstream>

namespace hanga {

std::string GoldenFolder(const std::string& name) {
  return std::string(HANGA_SOURCE_DIR) + "/tests/golden/" + name;
}

std::vector<GoldenString> ReadGoldenStrings(const std::string& file) {
  std::ifstream stream(GoldenFolder("tokenizers_ids/") + file);
  std::vector<GoldenString> strings;
  for (const auto& entry : nlohmann::json::parse(stream)) {
    strings.push_back({entry["text"], entry["ids"],
                       entry.contains("ids_77") ? entry["ids_77"] : entry["ids_padded"]});
  }
  return strings;
}

}  // namespace hanga
