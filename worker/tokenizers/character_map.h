// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// SentencePiece's compiled normalisation table, applied in the way of the tokenizers library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hanga {

// Immutable once made. Thread-safe.
//
// A table is a double-array trie (Aoe, 1989; in the layout of darts-clone) from byte strings to
// offsets in a block of zero-terminated replacements.
class CharacterMap {
 public:
  // An empty table changes nothing. INVALID_ARGUMENT: sizes in the table do not fit together.
  static absl::StatusOr<CharacterMap> Parse(std::string_view table);

  // Replaces each grapheme cluster of at most five bytes that begins with an entry, and in other
  // clusters each character that does. Linear in the text's length.
  std::string Apply(std::u32string_view text) const;

 private:
  // The replacement of the shortest entry that `text` begins with; null if there is none.
  const char* Find(std::string_view text) const;

  std::vector<uint32_t> trie_;
  std::string replacements_;
};

}  // namespace hanga
