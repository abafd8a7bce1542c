// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Words of a prompt that stand for tokens which the vocabulary does not have: textual inversions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hanga {

// A run of plain text, or a word's tokens.
struct WordPiece {
  std::string_view text;
  int64_t first_id = 0;
  int count = 0;  // of its tokens, first_id and following; 0: plain text
};

// Thread-safe once filled.
class AddedWords {
 public:
  // Words are told apart without regard to the case of ASCII letters; the first of equal ones
  // counts.
  void Add(std::string word, int64_t first_id, int count);

  // Cuts at the leftmost, longest words. One that begins or ends with a letter, a digit or an
  // underscore is none within a longer word. Views into `text`.
  std::vector<WordPiece> Cut(std::string_view text) const;

  // Whether the text has the word, as Cut finds it.
  static bool Has(std::string_view text, std::string_view word);

 private:
  struct Word {
    std::string lower;
    int64_t first_id;
    int count;
  };
  std::vector<Word> words_;  // longest first
};

}  // namespace hanga
