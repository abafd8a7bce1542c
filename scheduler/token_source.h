// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Numbers that nobody can guess: attempt tokens and seeds.
#pragma once

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace hanga {

// Not thread-safe. Draws in blocks, since a call of the generator costs more than the bytes.
class TokenSource {
 public:
  uint64_t Draw() {
    if (next_ == block_.size()) {
      // It fails only where the system gives no entropy at all; no token is better than a weak one.
      if (RAND_bytes(reinterpret_cast<unsigned char*>(block_.data()), sizeof(block_)) != 1) abort();
      next_ = 0;
    }
    return block_[next_++];
  }

 private:
  std::array<uint64_t, 64> block_ = {};
  size_t next_ = 64;
};

}  // namespace hanga
