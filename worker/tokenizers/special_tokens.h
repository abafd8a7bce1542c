// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Tokens that stand for themselves: they are cut out of the text before anything else happens to
// it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hanga {

// A run of plain text, or one special token.
struct TextSegment {
  std::string_view text;
  size_t offset = 0;  // in the whole text, in bytes
  std::optional<int64_t> special;
};

// Immutable once filled. Thread-safe.
class SpecialTokens {
 public:
  void Add(const std::string& content, int64_t id);

  // Adds what a tokenizer_config.json lists under added_tokens_decoder; what is malformed there is
  // left out.
  void AddFromConfig(const nlohmann::json& config);

  std::optional<int64_t> Find(const std::string& content) const;
  const std::map<std::string, int64_t>& tokens() const { return ids_; }

  // Cuts at the leftmost, longest special tokens. Views into `text`.
  std::vector<TextSegment> Split(std::string_view text) const;

 private:
  std::map<std::string, int64_t> ids_;
  std::vector<std::string> by_length_;  // longest first
};

// The token that a configuration names, as a string or as {"content": ...}.
std::optional<std::string> ConfiguredToken(const nlohmann::json& config, const std::string& name);

}  // namespace hanga
