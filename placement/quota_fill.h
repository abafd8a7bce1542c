// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Quotas in bytes, filled with whole blocks in the user's order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "placement/expression.h"

namespace hanga::placement {

struct FillItem {
  int home = 0;
  uint64_t bytes = 0;    // an upper bound
  bool rest = false;     // takes everything that no other item takes
  bool at_most = false;  // takes what the items after it leave
  Position position = Position::kInOrder;
  std::string text;
};

struct FillResult {
  std::vector<int> item;                     // by block: which item it went to; -1: to none
  std::vector<uint64_t> requested, granted;  // by item, bytes
};

// Items before the one that takes the rest fill from the first block on, those after it from the
// last block back; a block that would overflow a quota begins the next one. A block of size 0 goes
// with the block before it.
FillResult FillQuotas(const std::vector<FillItem>& items, const std::vector<uint64_t>& sizes);

// Bytes are relative weights: cuts are made at the block boundaries nearest to the exact shares.
FillResult FillShares(const std::vector<FillItem>& items, const std::vector<uint64_t>& sizes);

}  // namespace hanga::placement
