// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/character_map.h"

#include <utf8proc.h>

#include "absl/status/status.h"
#include "worker/tokenizers/unicode.h"

namespace hanga {
namespace {

constexpr size_t kUnitBytes = 4;
constexpr size_t kMaxClusterBytes = 5;

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = kUnitBytes; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// The fields of a unit of the double array.
bool HasValue(uint32_t unit) { return unit >> 8 & 1; }
uint32_t Value(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t Label(uint32_t unit) { return unit & 0x800000FF; }  // a value's high bit matches no byte
uint32_t Offset(uint32_t unit) { return unit >> 10 << ((unit & 1 << 9) >> 6); }

}  // namespace

absl::StatusOr<CharacterMap> CharacterMap::Parse(std::string_view table) {
  CharacterMap map;
  if (table.empty()) return map;
  if (table.size() < kUnitBytes) return absl::InvalidArgumentError("the table has no size");
  const size_t trie_bytes = LittleEndian(table);
  table.remove_prefix(kUnitBytes);
  if (trie_bytes == 0 || trie_bytes % kUnitBytes != 0 || trie_bytes > table.size()) {
    return absl::InvalidArgumentError("the table's trie does not fit the table");
  }
  for (size_t i = 0; i < trie_bytes; i += kUnitBytes) {
    map.trie_.push_back(LittleEndian(table.substr(i)));
  }
  map.replacements_ = table.substr(trie_bytes);
  return map;
}

const char* CharacterMap::Find(std::string_view text) const {
  if (trie_.empty()) return nullptr;
  size_t node = Offset(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    node ^= byte;
    if (node >= trie_.size() || Label(trie_[node]) != byte) return nullptr;
    const bool found = HasValue(trie_[node]);
    node ^= Offset(trie_[node]);
    if (node >= trie_.size()) return nullptr;
    if (found) {
      const size_t at = Value(trie_[node]);
      return at < replacements_.size() ? replacements_.c_str() + at : nullptr;
    }
  }
  return nullptr;
}

std::string CharacterMap::Apply(std::u32string_view text) const {
  std::string mapped;
  utf8proc_int32_t state = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    while (end < text.size() &&
           !utf8proc_grapheme_break_stateful(text[end - 1], text[end], &state)) {
      ++end;
    }
    const std::u32string_view cluster = text.substr(begin, end - begin);
    begin = end;

    const std::string bytes = EncodeUtf8(cluster);
    const char* whole = bytes.size() <= kMaxClusterBytes ? Find(bytes) : nullptr;
    if (whole != nullptr) {
      mapped += whole;
      continue;
    }
    for (const char32_t c : cluster) {
      const std::string character = EncodeUtf8({&c, 1});
      const char* replacement = Find(character);
      mapped += replacement != nullptr ? replacement : character;
    }
  }
  return mapped;
}

}  // namespace hanga
