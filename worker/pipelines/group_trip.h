// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <utility>

#include "worker/pipelines/group_networks.h"

namespace hanga {

// A state of a generation that is on its way over the ranks. When its owner goes, nobody awaits it.
class GroupTrip {
 public:
  GroupTrip() = default;
  GroupTrip(const GroupNetworks* networks, uint64_t ticket)
      : networks_(networks), ticket_(ticket) {}
  ~GroupTrip() {
    if (networks_ != nullptr) networks_->Forget(ticket_);
  }
  GroupTrip(GroupTrip&& other) noexcept { *this = std::move(other); }
  GroupTrip& operator=(GroupTrip&& other) noexcept {
    std::swap(networks_, other.networks_);
    std::swap(ticket_, other.ticket_);
    return *this;
  }

  bool on_the_way() const { return networks_ != nullptr; }
  absl::StatusOr<Row> Await() { return std::exchange(networks_, nullptr)->Await(ticket_); }

 private:
  const GroupNetworks* networks_ = nullptr;
  uint64_t ticket_ = 0;
};

}  // namespace hanga
