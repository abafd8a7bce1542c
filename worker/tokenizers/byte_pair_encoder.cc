// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/byte_pair_encoder.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/tokenizers/unicode.h"

namespace hanga {
namespace {

constexpr size_t kMaxTokens = 1'000'000;

// The vocabulary writes bytes as printable characters: a byte that is one stands for itself, the
// others follow from U+0100 on.
std::array<std::string, 256> ByteNames() {
  std::array<std::string, 256> names;
  char32_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    const char32_t name = printable ? static_cast<char32_t>(byte) : next++;
    names[byte] = EncodeUtf8(std::u32string_view(&name, 1));
  }
  return names;
}

std::string_view NextLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

BytePairEncoder::Symbol BytePairEncoder::Intern(const std::string& text) {
  const auto [found, added] = symbols_.try_emplace(text, ids_.size());
  if (added) ids_.push_back(unknown_id_);
  return found->second;
}

absl::StatusOr<BytePairEncoder> BytePairEncoder::Make(const nlohmann::json& vocabulary,
                                                      std::string_view merges, size_t max_merges,
                                                      const std::string& word_end,
                                                      int64_t unknown_id) {
  BytePairEncoder encoder;
  encoder.unknown_id_ = unknown_id;
  if (vocabulary.size() > kMaxTokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("the vocabulary has more than ", kMaxTokens, " tokens"));
  }
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX) {
      return absl::InvalidArgumentError("the vocabulary's ids must be numbers below 2^31");
    }
    encoder.ids_[encoder.Intern(token)] = id.get<int64_t>();
  }
  const auto names = ByteNames();
  for (size_t byte = 0; byte < names.size(); ++byte) {
    encoder.byte_[byte] = encoder.Intern(names[byte]);
    encoder.last_byte_[byte] = encoder.Intern(names[byte] + word_end);
  }

  NextLine(merges);
  for (uint32_t rank = 0; rank < max_merges && !merges.empty(); ++rank) {
    const std::string_view line = NextLine(merges);
    if (line.empty() && merges.empty()) break;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat("merge ", rank + 1, " is not two symbols"));
    }
    const std::string left(line.substr(0, space)), right(line.substr(space + 1));
    const Symbol a = encoder.Intern(left), b = encoder.Intern(right);
    encoder.merges_.insert_or_assign(PairOf(a, b), Merge{rank, encoder.Intern(left + right)});
  }
  return encoder;
}

void BytePairEncoder::Encode(std::string_view word, std::vector<int64_t>& ids) const {
  // A doubly linked list of symbols; a joined pair lives on in its left node.
  struct Node {
    Symbol symbol;
    int previous, next;
  };
  const int size = static_cast<int>(word.size());
  std::vector<Node> nodes(size);
  for (int i = 0; i < size; ++i) {
    const auto byte = static_cast<uint8_t>(word[i]);
    nodes[i] = {i + 1 < size ? byte_[byte] : last_byte_[byte], i - 1, i + 1 < size ? i + 1 : -1};
  }

  using Candidate = std::tuple<uint32_t, int, uint64_t>;  // rank, left node, pair
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto propose = [&](int left) {
    if (left < 0 || nodes[left].next < 0) return;
    const uint64_t pair = PairOf(nodes[left].symbol, nodes[nodes[left].next].symbol);
    const auto merge = merges_.find(pair);
    if (merge != merges_.end()) candidates.emplace(merge->second.rank, left, pair);
  };
  for (int i = 0; i + 1 < size; ++i) propose(i);

  constexpr Symbol kGone = UINT32_MAX;
  while (!candidates.empty()) {
    const auto [rank, left, pair] = candidates.top();
    candidates.pop();
    const int right = nodes[left].next;
    const bool stale = nodes[left].symbol == kGone || right < 0 ||
                       PairOf(nodes[left].symbol, nodes[right].symbol) != pair;
    if (stale) continue;
    nodes[left].symbol = merges_.at(pair).result;
    nodes[left].next = nodes[right].next;
    if (nodes[left].next >= 0) nodes[nodes[left].next].previous = left;
    nodes[right].symbol = kGone;
    propose(nodes[left].previous);
    propose(left);
  }
  for (int i = 0; i >= 0; i = nodes[i].next) ids.push_back(ids_[nodes[i].symbol]);
}

}  // namespace hanga
