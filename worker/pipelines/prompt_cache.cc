// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/pipelines/prompt_cache.h"

namespace hanga {

uint64_t PromptCache::BytesOf(const Entry& entry) {
  return entry.encoded.nbytes() + entry.key.text.size();
}

at::Tensor PromptCache::Find(const PromptKey& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    ++misses_;
    return at::Tensor();
  }
  ++hits_;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->encoded;
}

void PromptCache::Insert(const PromptKey& key, const at::Tensor& encoded) {
  if (by_key_.count(key) != 0) return;
  entries_.push_front({key, encoded});
  by_key_[key] = entries_.begin();
  bytes_ += BytesOf(entries_.front());
  while (bytes_ > limit_bytes_) {
    bytes_ -= BytesOf(entries_.back());
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace hanga
