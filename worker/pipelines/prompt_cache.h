// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Encoded prompts, kept while there is room: a job of many images encodes its prompt once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <tuple>

namespace hanga {

// What one encoder made of one text.
struct PromptKey {
  std::string encoder;  // "text_encoder_2"
  int length = 0;       // in tokens, padded
  std::string text;

  friend bool operator<(const PromptKey& a, const PromptKey& b) {
    return std::tie(a.encoder, a.length, a.text) < std::tie(b.encoder, b.length, b.text);
  }
};

// Least recently used entries go first. Not thread-safe.
class PromptCache {
 public:
  explicit PromptCache(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Undefined if the cache does not have it.
  at::Tensor Find(const PromptKey& key);
  // Keeps nothing that is larger than the limit by itself.
  void Insert(const PromptKey& key, const at::Tensor& encoded);

  uint64_t bytes() const { return bytes_; }  // of tensors and texts
  uint64_t hits() const { return hits_; }    // of Find, since it was made
  uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    PromptKey key;
    at::Tensor encoded;
  };
  static uint64_t BytesOf(const Entry& entry);

  const uint64_t limit_bytes_;
  uint64_t bytes_ = 0, hits_ = 0, misses_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::map<PromptKey, std::list<Entry>::iterator> by_key_;
};

}  // namespace hanga
