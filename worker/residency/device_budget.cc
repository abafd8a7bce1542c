// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/device_budget.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace hanga {

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  Return();
  used_ = std::move(other.used_);
  bytes_ = other.bytes_;
  return *this;
}

void Reservation::Return() {
  if (used_ != nullptr) *used_ -= bytes_;
  used_.reset();
}

absl::StatusOr<Reservation> DeviceBudget::Reserve(uint64_t bytes, const std::string& purpose) {
  if (bytes > limit_ - std::min(limit_, *used_)) {
    return absl::ResourceExhaustedError(absl::StrCat(purpose, " needs ", bytes >> 20, " MiB on ",
                                                     device_, ", where weights take ", *used_ >> 20,
                                                     " of ", limit_ >> 20, " MiB"));
  }
  *used_ += bytes;
  peak_ = std::max(peak_, *used_);
  Reservation reservation;
  reservation.used_ = used_;
  reservation.bytes_ = bytes;
  return reservation;
}

}  // namespace hanga
