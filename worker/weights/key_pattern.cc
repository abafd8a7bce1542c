// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/weights/key_pattern.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr size_t kMaxDigits = 6;  // so that an index always fits an int

std::string_view LeadingDigits(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789");
  return text.substr(0, std::min(end, text.size()));
}

int IndexValue(std::string_view digits) {
  int value = -1;
  if (digits.size() <= kMaxDigits) {
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  }
  return value;
}

}  // namespace

std::optional<std::vector<std::string>> MatchKey(std::string_view pattern, std::string_view key) {
  std::vector<std::string> captures;
  for (const char sign : pattern) {
    if (sign == '*') {
      if (key.empty()) return std::nullopt;
      captures.emplace_back(key);
      return captures;
    }
    if (sign == '#') {
      const std::string_view digits = LeadingDigits(key);
      if (digits.empty() || digits.size() > kMaxDigits) return std::nullopt;
      captures.emplace_back(digits);
      key.remove_prefix(digits.size());
    } else {
      if (key.empty() || key[0] != sign) return std::nullopt;
      key.remove_prefix(1);
    }
  }
  if (!key.empty()) return std::nullopt;
  return captures;
}

std::string NameFromPattern(std::string_view to, const std::vector<std::string>& captures,
                            int largest) {
  std::string name;
  auto capture = captures.begin();
  for (const char sign : to) {
    if (sign == '#' || sign == '*') {
      name += *capture++;
    } else if (sign == '~') {
      absl::StrAppend(&name, largest - IndexValue(*capture++));
    } else {
      name += sign;
    }
  }
  return name;
}

int FirstIndex(std::string_view pattern, std::string_view key) {
  const size_t sign = pattern.find('#');
  if (sign == std::string_view::npos || !key.starts_with(pattern.substr(0, sign))) return -1;
  return IndexValue(LeadingDigits(key.substr(sign)));
}

}  // namespace hanga
