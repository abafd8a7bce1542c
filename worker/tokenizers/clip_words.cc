// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/clip_words.h"

#include <algorithm>
#include <array>

#include "worker/tokenizers/unicode.h"

namespace hanga {
namespace {

bool IsIdeograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

std::u32string Clean(std::u32string_view text) {
  std::u32string clean;
  for (const char32_t c : text) {
    if (c == U'\t' || c == U'\n' || c == U'\r' || IsSpace(c)) {
      clean += U' ';
    } else if (c == 0xFFFD || IsOther(c)) {
      continue;
    } else if (IsIdeograph(c)) {
      clean += {U' ', c, U' '};
    } else {
      clean += c;
    }
  }
  return clean;
}

// The reference compares without regard to case, by which the long s equals s.
bool StartsWith(std::u32string_view text, std::u32string_view expected) {
  return text.size() >= expected.size() &&
         std::equal(expected.begin(), expected.end(), text.begin(),
                    [](char32_t e, char32_t c) { return (c == 0x17F ? U's' : c) == e; });
}

// The iota subscript is in no class of the reference's pattern: it is no letter, but the comparison
// without regard to case takes it for one. So it parts words and is lost.
constexpr char32_t kIotaSubscript = 0x345;

// How many characters the first word of `text`, which has no spaces, takes.
size_t FirstWordLength(std::u32string_view text) {
  static constexpr std::array<std::u32string_view, 9> kWhole{
      U"<|startoftext|>", U"<|endoftext|>", U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};
  for (const std::u32string_view whole : kWhole) {
    if (StartsWith(text, whole)) return whole.size();
  }
  if (IsNumber(text[0])) return 1;
  const bool letters = IsLetter(text[0]);
  const auto ends = [&](char32_t c) {
    return c == kIotaSubscript || IsNumber(c) || IsLetter(c) != letters;
  };
  return std::find_if(text.begin(), text.end(), ends) - text.begin();
}

}  // namespace

std::vector<std::string> ClipWords(std::string_view text) {
  const std::u32string clean = ComposeCanonically(Clean(DecodeUtf8(text)));
  std::vector<std::string> words;
  for (auto at = clean.begin(); at != clean.end();) {
    at = std::find_if_not(at, clean.end(), IsWhiteSpace);
    const auto end = std::find_if(at, clean.end(), IsWhiteSpace);
    const std::u32string lower = LowerCase({at, end});
    for (std::u32string_view rest = lower; !rest.empty();) {
      if (rest[0] == kIotaSubscript) {
        rest.remove_prefix(1);
        continue;
      }
      const size_t length = FirstWordLength(rest);
      words.push_back(EncodeUtf8(rest.substr(0, length)));
      rest.remove_prefix(length);
    }
    at = end;
  }
  return words;
}

}  // namespace hanga
