// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The unigram language model (arXiv:1804.10959): of all ways to cut a word into pieces, the most
// probable one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"

namespace hanga {

// Immutable once filled. Thread-safe.
class Unigram {
 public:
  explicit Unigram(int64_t unknown_id) : unknown_id_(unknown_id) {}

  // INVALID_ARGUMENT: the piece is longer than 256 bytes or its score is no number.
  absl::Status Add(const std::string& piece, double score, int64_t id);

  // Appends the ids of a word in UTF-8. Characters without a piece become the unknown id, one for a
  // run of them. Linear in the word's length.
  void Encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  struct Piece {
    double score;
    int64_t id;
  };
  std::unordered_map<std::string, Piece> pieces_;
  size_t longest_ = 0;  // piece, in bytes
  double lowest_score_ = 0;
  int64_t unknown_id_;
};

}  // namespace hanga
