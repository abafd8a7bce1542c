// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

namespace hanga {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kCapitalSigma = 0x3A3, kSmallSigma = 0x3C3, kFinalSigma = 0x3C2;

int CombiningClass(char32_t c) { return utf8proc_get_property(c)->combining_class; }

// Letters with case, by category, and those that have it by property alone.
bool IsCased(char32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
      return true;
    default:
      return c == 0xAA || c == 0xBA || (c >= 0x2160 && c <= 0x217F) ||
             (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
             (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
  }
}

// What may stand between a letter and the end of its word.
bool IsCaseIgnorable(char32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::u32string_view(
                 U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52"
                 U"\uFE55\uFF07\uFF0E\uFF1A")
                 .find(c) != std::u32string_view::npos;
  }
}

// A sigma is final after a cased letter with none behind it.
bool IsFinalSigma(std::u32string_view word, size_t at) {
  size_t before = at;
  while (before > 0 && IsCaseIgnorable(word[before - 1])) --before;
  if (before == 0 || !IsCased(word[before - 1])) return false;
  size_t after = at + 1;
  while (after < word.size() && IsCaseIgnorable(word[after])) ++after;
  return after == word.size() || !IsCased(word[after]);
}

}  // namespace

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string decoded;
  decoded.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t c = 0;
    const auto length = utf8proc_iterate(bytes + i, text.size() - i, &c);
    decoded.push_back(length > 0 ? static_cast<char32_t>(c) : kReplacement);
    i += length > 0 ? length : 1;
  }
  return decoded;
}

std::string EncodeUtf8(std::u32string_view text) {
  std::string encoded;
  for (const char32_t c : text) {
    utf8proc_uint8_t bytes[4];
    const auto length = utf8proc_encode_char(c, bytes);
    encoded.append(reinterpret_cast<const char*>(bytes), length);
  }
  return encoded;
}

bool IsLetter(char32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsNumber(char32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool IsOther(char32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_CC;
}

bool IsSpace(char32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS; }

bool IsWhiteSpace(char32_t c) {
  return IsSpace(c) || (c >= 0x9 && c <= 0xD) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

std::u32string ComposeCanonically(std::u32string_view text) {
  // Decomposes by hand: utf8proc sorts long runs of marks by insertion, in quadratic time.
  std::vector<utf8proc_int32_t> points;
  for (const char32_t c : text) {
    std::array<utf8proc_int32_t, 32> parts;
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(c, parts.data(), parts.size(), UTF8PROC_DECOMPOSE, &boundary);
    points.insert(points.end(), parts.begin(), parts.begin() + std::max<ptrdiff_t>(count, 0));
  }
  const auto is_starter = [](utf8proc_int32_t c) { return CombiningClass(c) == 0; };
  for (auto run = points.begin(); run != points.end();) {
    run = std::find_if_not(run, points.end(), is_starter);
    const auto end = std::find_if(run, points.end(), is_starter);
    std::stable_sort(run, end, [](utf8proc_int32_t a, utf8proc_int32_t b) {
      return CombiningClass(a) < CombiningClass(b);
    });
    run = end;
  }
  const auto length =
      utf8proc_normalize_utf32(points.data(), points.size(),
                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  return std::u32string(points.begin(), points.begin() + std::max<ptrdiff_t>(length, 0));
}

std::u32string LowerCase(std::u32string_view word) {
  std::u32string lower;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == 0x130) {
      lower += U"i\u0307";
    } else if (word[i] == kCapitalSigma) {
      lower += IsFinalSigma(word, i) ? kFinalSigma : kSmallSigma;
    } else {
      lower += static_cast<char32_t>(utf8proc_tolower(word[i]));
    }
  }
  return lower;
}

}  // namespace hanga
