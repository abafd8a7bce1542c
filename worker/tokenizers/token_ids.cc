// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/tokenizers/token_ids.h"

#include <algorithm>
#include <utility>

namespace hanga {

TokenIds PadTokens(std::vector<int64_t> ids, int length, int64_t end_id, int64_t pad_id) {
  const int count = static_cast<int>(ids.size());
  const int kept = std::min(count, length);
  ids.resize(length, pad_id);
  if (count > length) ids.back() = end_id;
  TokenIds padded{
      .ids = std::move(ids), .mask = std::vector<int64_t>(length, 0), .dropped = count - kept};
  std::fill_n(padded.mask.begin(), kept, 1);
  return padded;
}

}  // namespace hanga
