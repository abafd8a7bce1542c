// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Byte-pair encoding over bytes (arXiv:1508.07909, in GPT-2's form): a word is its bytes, and
// neighbours join by the rank of their pair until no pair has one.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace hanga {

// Immutable once made. Thread-safe.
class BytePairEncoder {
 public:
  // `vocabulary`: token to id. `merges`: one pair a line, the best first, after a line that names
  // the version; lines past `max_merges` do not count. `word_end` is appended to a word's last
  // byte. INVALID_ARGUMENT says which file is malformed.
  static absl::StatusOr<BytePairEncoder> Make(const nlohmann::json& vocabulary,
                                              std::string_view merges, size_t max_merges,
                                              const std::string& word_end, int64_t unknown_id);

  // Appends the ids of a word that is not empty. n log n in its length.
  void Encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  using Symbol = uint32_t;
  struct Merge {
    uint32_t rank = 0;
    Symbol result = 0;
  };
  static uint64_t PairOf(Symbol left, Symbol right) { return uint64_t{left} << 32 | right; }

  Symbol Intern(const std::string& text);

  std::unordered_map<std::string, Symbol> symbols_;
  std::vector<int64_t> ids_;  // by symbol
  std::array<Symbol, 256> byte_{}, last_byte_{};
  std::unordered_map<uint64_t, Merge> merges_;  // by PairOf
  int64_t unknown_id_ = 0;
};

}  // namespace hanga
