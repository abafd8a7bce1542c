// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/unigram.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr size_t kMaxPieceBytes = 256;
constexpr double kUnknownPenalty = 10;  // below the least probable piece, for each character

size_t CharacterBytes(char lead) {
  const auto byte = static_cast<uint8_t>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

absl::Status Unigram::Add(const std::string& piece, double score, int64_t id) {
  if (piece.size() > kMaxPieceBytes || !std::isfinite(score)) {
    return absl::InvalidArgumentError(absl::StrCat("piece ", id, " is longer than ", kMaxPieceBytes,
                                                   " bytes or its score is no number"));
  }
  if (!pieces_.try_emplace(piece, Piece{score, id}).second) return absl::OkStatus();
  longest_ = std::max(longest_, piece.size());
  lowest_score_ = std::min(lowest_score_, score);
  return absl::OkStatus();
}

void Unigram::Encode(std::string_view word, std::vector<int64_t>& ids) const {
  // The best way to reach each byte offset (Viterbi).
  struct Step {
    double score = 0;
    size_t from = 0;
    int64_t id = -1;  // none yet
  };
  std::vector<Step> best(word.size() + 1);
  std::string key;
  for (size_t begin = 0; begin < word.size();) {
    const double so_far = best[begin].score;
    const auto reach = [&](size_t end, double score, int64_t id) {
      if (best[end].id < 0 || score > best[end].score) best[end] = {score, begin, id};
    };
    const size_t next = std::min(begin + CharacterBytes(word[begin]), word.size());
    bool covered = false;  // by a piece of one character
    for (size_t end = next; end <= word.size() && end - begin <= longest_;) {
      key.assign(word.substr(begin, end - begin));
      const auto piece = pieces_.find(key);
      if (piece != pieces_.end()) {
        reach(end, so_far + piece->second.score, piece->second.id);
        covered |= end == next;
      }
      if (end == word.size()) break;
      end = std::min(end + CharacterBytes(word[end]), word.size());
    }
    if (!covered) reach(next, so_far + lowest_score_ - kUnknownPenalty, unknown_id_);
    begin = next;
  }

  std::vector<int64_t> path;
  for (size_t end = word.size(); end > 0; end = best[end].from) path.push_back(best[end].id);
  for (auto id = path.rbegin(); id != path.rend(); ++id) {
    const bool run = id != path.rbegin() && *id == unknown_id_ && *(id - 1) == unknown_id_;
    if (!run) ids.push_back(*id);
  }
}

}  // namespace hanga
