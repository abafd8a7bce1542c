// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What every tokenizer gives to a text encoder.
#pragma once

#include <cstdint>
#include <vector>

namespace hanga {

// One text as a row of an encoder's input; both vectors have the asked length.
struct TokenIds {
  std::vector<int64_t> ids;   // padded
  std::vector<int64_t> mask;  // 1 where a token is, 0 where padding is
  int dropped = 0;            // tokens that did not fit
};

// Cuts `ids`, which end with the end token, to `length`, keeping that end; or pads them to it.
// `length` is at least 1.
TokenIds PadTokens(std::vector<int64_t> ids, int length, int64_t end_id, int64_t pad_id);

}  // namespace hanga
