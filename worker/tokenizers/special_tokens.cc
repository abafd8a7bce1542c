// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/special_tokens.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace hanga {

void SpecialTokens::Add(const std::string& content, int64_t id) {
  if (content.empty() || !ids_.emplace(content, id).second) return;
  by_length_.push_back(content);
  std::stable_sort(by_length_.begin(), by_length_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void SpecialTokens::AddFromConfig(const nlohmann::json& config) {
  const auto added = config.find("added_tokens_decoder");
  if (added == config.end() || !added->is_object()) return;
  for (const auto& [key, token] : added->items()) {
    int64_t id = -1;
    const auto parsed = std::from_chars(key.data(), key.data() + key.size(), id);
    const auto content = token.is_object() ? token.find("content") : token.end();
    const bool valid = parsed.ptr == key.data() + key.size() && id >= 0 && token.is_object() &&
                       content != token.end() && content->is_string();
    if (valid) Add(content->get<std::string>(), id);
  }
}

std::optional<int64_t> SpecialTokens::Find(const std::string& content) const {
  const auto found = ids_.find(content);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<TextSegment> SpecialTokens::Split(std::string_view text) const {
  std::array<bool, 256> begins{};
  for (const std::string& token : by_length_) begins[static_cast<uint8_t>(token[0])] = true;

  std::vector<TextSegment> segments;
  size_t plain = 0, at = 0;
  const auto end_plain = [&] {
    if (plain < at) segments.push_back({text.substr(plain, at - plain), plain, std::nullopt});
  };
  while (at < text.size()) {
    const auto token = !begins[static_cast<uint8_t>(text[at])]
                           ? by_length_.end()
                           : std::find_if(by_length_.begin(), by_length_.end(), [&](auto& token) {
                               return text.substr(at).starts_with(token);
                             });
    if (token == by_length_.end()) {
      ++at;
      continue;
    }
    end_plain();
    segments.push_back({text.substr(at, token->size()), at, ids_.at(*token)});
    at += token->size();
    plain = at;
  }
  end_plain();
  return segments;
}

std::optional<std::string> ConfiguredToken(const nlohmann::json& config, const std::string& name) {
  auto token = config.find(name);
  if (token == config.end()) return std::nullopt;
  if (token->is_object()) {
    const auto content = token->find("content");
    if (content == token->end() || !content->is_string()) return std::nullopt;
    return content->get<std::string>();
  }
  if (!token->is_string()) return std::nullopt;
  return token->get<std::string>();
}

}  // namespace hanga
