// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// SHA-256 over pieces.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace hanga {

// Not thread-safe. Finish once.
class Sha256 {
 public:
  Sha256();
  Sha256& Update(std::string_view bytes);
  std::string Finish();  // 32 raw bytes

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace hanga
