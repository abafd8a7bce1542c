// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/added_words.h"

#include <algorithm>
#include <utility>

namespace hanga {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string Lowered(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

// Bytes beyond ASCII are letters of some script.
bool IsInner(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

bool Stands(std::string_view text, size_t at, std::string_view word) {
  if (!text.substr(at).starts_with(word)) return false;
  const size_t end = at + word.size();
  const bool joined_before = at > 0 && IsInner(text[at - 1]) && IsInner(word.front());
  const bool joined_after = end < text.size() && IsInner(text[end]) && IsInner(word.back());
  return !joined_before && !joined_after;
}

}  // namespace

void AddedWords::Add(std::string word, int64_t first_id, int count) {
  if (word.empty() || count < 1) return;
  words_.push_back({Lowered(word), first_id, count});
  std::stable_sort(words_.begin(), words_.end(),
                   [](const Word& a, const Word& b) { return a.lower.size() > b.lower.size(); });
}

std::vector<WordPiece> AddedWords::Cut(std::string_view text) const {
  if (words_.empty()) return {WordPiece{text}};
  const std::string lower = Lowered(text);
  std::vector<WordPiece> pieces;
  size_t plain = 0, at = 0;
  const auto end_plain = [&] {
    if (plain < at) pieces.push_back(WordPiece{text.substr(plain, at - plain)});
  };
  while (at < text.size()) {
    const auto word = std::find_if(words_.begin(), words_.end(), [&](const Word& candidate) {
      return Stands(lower, at, candidate.lower);
    });
    if (word == words_.end()) {
      ++at;
      continue;
    }
    end_plain();
    pieces.push_back({text.substr(at, word->lower.size()), word->first_id, word->count});
    at += word->lower.size();
    plain = at;
  }
  end_plain();
  return pieces;
}

bool AddedWords::Has(std::string_view text, std::string_view word) {
  AddedWords one;
  one.Add(std::string(word), 0, 1);
  const std::vector<WordPiece> pieces = one.Cut(text);
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const WordPiece& piece) { return piece.count > 0; });
}

}  // namespace hanga
