// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What weights may take of a device's memory. Weights are reserved here before they are allocated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace hanga {

// Bytes that a budget has granted; they go back when it goes. Movable.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept = default;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation() { Return(); }

  uint64_t bytes() const { return used_ == nullptr ? 0 : bytes_; }

 private:
  friend class DeviceBudget;
  void Return();

  std::shared_ptr<uint64_t> used_;
  uint64_t bytes_ = 0;
};

// Not thread-safe: owned by the thread that owns the device's compute.
class DeviceBudget {
 public:
  DeviceBudget(std::string device, uint64_t limit)
      : device_(std::move(device)), limit_(limit), used_(std::make_shared<uint64_t>(0)) {}

  // RESOURCE_EXHAUSTED tells what was asked for, what is used and the limit.
  absl::StatusOr<Reservation> Reserve(uint64_t bytes, const std::string& purpose);

  uint64_t limit_bytes() const { return limit_; }
  uint64_t used_bytes() const { return *used_; }
  uint64_t peak_bytes() const { return peak_; }  // the most that was reserved at a time

 private:
  std::string device_;
  uint64_t limit_;
  std::shared_ptr<uint64_t> used_;
  uint64_t peak_ = 0;
};

}  // namespace hanga
