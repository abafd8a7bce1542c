// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How long nothing may be heard while a state is on its way, from how long ones like it were on
// theirs: beyond three times the longest it is lost. The first of a kind, which may tune kernels
// and load weights, has two minutes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace hanga {

// Not thread-safe.
class Watchdog {
 public:
  explicit Watchdog(absl::Duration floor) : floor_(floor) {}

  void Launched(uint64_t ticket, std::string kind, absl::Time now) {
    on_the_way_[ticket] = {std::move(kind), now, on_the_way_.size() + 1};
  }
  void Arrived(uint64_t ticket, absl::Time now) {
    const auto found = on_the_way_.find(ticket);
    if (found == on_the_way_.end()) return;
    const Trip& trip = found->second;
    // It waited its turn behind those launched before it.
    const absl::Duration each = (now - trip.launched) / static_cast<int64_t>(trip.crowd);
    absl::Duration& longest = longest_[trip.kind];
    longest = std::max(each, longest * 0.98);  // one hiccup is not remembered for ever
    on_the_way_.erase(found);
  }
  void Lost(uint64_t ticket) { on_the_way_.erase(ticket); }

  // Of one that is on its way, from the last that was heard.
  absl::Duration LimitOf(uint64_t ticket) const {
    const auto found = on_the_way_.find(ticket);
    const auto known =
        found == on_the_way_.end() ? longest_.end() : longest_.find(found->second.kind);
    if (known == longest_.end()) return kFirst;
    return std::max(floor_, 3 * static_cast<int64_t>(found->second.crowd) * known->second);
  }

  // How long a rank may be silent while one is on its way.
  absl::Duration Patience(uint64_t ticket) const { return std::min(LimitOf(ticket), kMostSilence); }

  static constexpr absl::Duration kFirst = absl::Minutes(2);
  static constexpr absl::Duration kMostSilence = absl::Seconds(10);
  // A rank takes a state that was sent to it when it is through with what it does, which may be to
  // load a model. That it hangs is noticed by what does not come back.
  static constexpr absl::Duration kMostTransfer = absl::Minutes(15);

 private:
  struct Trip {
    std::string kind;
    absl::Time launched;
    size_t crowd = 1;
  };
  const absl::Duration floor_;
  std::map<uint64_t, Trip> on_the_way_;
  std::map<std::string, absl::Duration> longest_;
};

}  // namespace hanga
