// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "placement/quota_fill.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hanga::placement {
namespace {

constexpr int kNone = -1;

class Filler {
 public:
  Filler(const std::vector<FillItem>& items, const std::vector<uint64_t>& sizes)
      : items_(items), sizes_(sizes) {
    result_.item.assign(sizes.size(), kNone);
    result_.granted.assign(items.size(), 0);
    pending_.assign(items.size(), 1);
    left_ = std::accumulate(sizes.begin(), sizes.end(), uint64_t{0});
  }

  FillResult Run() {
    const uint64_t total = left_;
    const auto rest =
        std::find_if(items_.begin(), items_.end(), [](const auto& i) { return i.rest; });
    const int middle = static_cast<int>(rest - items_.begin());
    for (int i = 0; i < middle; ++i) Serve(i, /*from_tail=*/false);
    for (int i = static_cast<int>(items_.size()) - 1; i > middle; --i) Serve(i, /*from_tail=*/true);
    if (rest != items_.end()) {
      for (size_t b = 0; b < sizes_.size(); ++b) {
        if (result_.item[b] == kNone) Take(b, middle);
      }
    }
    AttachEmptyBlocks();
    for (size_t i = 0; i < items_.size(); ++i) {
      result_.requested.push_back(items_[i].rest ? result_.granted[i]
                                                 : std::min(items_[i].bytes, total));
    }
    return std::move(result_);
  }

 private:
  void Serve(int item, bool from_tail) {
    pending_[item] = 0;
    const uint64_t quota = Quota(item);
    const Position position = items_[item].position;
    if (position == Position::kSpread) return Spread(item, quota);
    const bool tail = position == Position::kLast || (position == Position::kInOrder && from_tail);
    for (size_t step = 0; step < sizes_.size(); ++step) {
      const size_t block = tail ? sizes_.size() - 1 - step : step;
      if (result_.item[block] != kNone || sizes_[block] == 0) continue;
      if (result_.granted[item] + sizes_[block] > quota) break;
      Take(block, item);
    }
  }

  // Takes blocks at even distances, in bytes, of those that are left.
  void Spread(int item, uint64_t quota) {
    const double share = left_ > 0 ? std::min(1.0, static_cast<double>(quota) / left_) : 0;
    double owed = 0;
    for (size_t block = 0; block < sizes_.size(); ++block) {
      if (result_.item[block] != kNone || sizes_[block] == 0) continue;
      owed += share * sizes_[block];
      if (owed < sizes_[block] / 2.0 || result_.granted[item] + sizes_[block] > quota) continue;
      owed -= static_cast<double>(sizes_[block]);
      Take(block, item);
    }
    for (size_t block = 0; block < sizes_.size(); ++block) {  // what rounding left
      const bool fits = result_.granted[item] + sizes_[block] <= quota;
      if (result_.item[block] == kNone && sizes_[block] > 0 && fits) Take(block, item);
    }
  }

  // A limit with a star gives way to the quotas that are still to be served.
  uint64_t Quota(int item) const {
    if (!items_[item].at_most) return items_[item].bytes;
    uint64_t others = 0;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (pending_[i] && !items_[i].rest && !items_[i].at_most) others += items_[i].bytes;
    }
    return std::min(items_[item].bytes, left_ - std::min(left_, others));
  }

  void Take(size_t block, int item) {
    result_.item[block] = item;
    result_.granted[item] += sizes_[block];
    left_ -= sizes_[block];
  }

  void AttachEmptyBlocks() {
    for (size_t b = 0; b < sizes_.size(); ++b) {
      if (result_.item[b] == kNone && sizes_[b] == 0 && b > 0)
        result_.item[b] = result_.item[b - 1];
    }
    for (size_t b = sizes_.size(); b-- > 1;) {
      if (result_.item[b - 1] == kNone && sizes_[b - 1] == 0) result_.item[b - 1] = result_.item[b];
    }
    const bool nothing_weighs =
        std::all_of(sizes_.begin(), sizes_.end(), [](uint64_t size) { return size == 0; });
    if (nothing_weighs && !items_.empty()) std::fill(result_.item.begin(), result_.item.end(), 0);
  }

  const std::vector<FillItem>& items_;
  const std::vector<uint64_t>& sizes_;
  FillResult result_;
  std::vector<char> pending_;
  uint64_t left_ = 0;
};

}  // namespace

FillResult FillQuotas(const std::vector<FillItem>& items, const std::vector<uint64_t>& sizes) {
  return Filler(items, sizes).Run();
}

FillResult FillShares(const std::vector<FillItem>& items, const std::vector<uint64_t>& sizes) {
  double weights = 0;
  for (const FillItem& item : items) weights += static_cast<double>(item.bytes);
  const double total = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  FillResult result;
  result.granted.assign(items.size(), 0);
  for (const FillItem& item : items) {
    const double share = weights > 0 ? item.bytes / weights : 1.0 / items.size();
    result.requested.push_back(static_cast<uint64_t>(std::llround(share * total)));
  }
  size_t item = 0;
  double until = result.requested.empty() ? 0 : result.requested[0], done = 0;
  for (const uint64_t size : sizes) {
    while (item + 1 < items.size() && done + size / 2.0 > until) {
      until += static_cast<double>(result.requested[++item]);
    }
    result.item.push_back(static_cast<int>(item));
    result.granted[item] += size;
    done += static_cast<double>(size);
  }
  return result;
}

}  // namespace hanga::placement
