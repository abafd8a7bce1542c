// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Host memory for weights that are streamed, under two limits: what may be page-locked, and what
// may be taken in all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace hanga {

// The system's side: page-locked memory that GPUs copy from. Null: refused.
std::byte* LockedMemory(uint64_t bytes);
void FreeLockedMemory(std::byte* data);

// A run of host memory; gives its bytes back to its budget when it goes.
class HostMemory {
 public:
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  bool pinned() const { return pinned_; }

 private:
  friend class HostBudget;
  struct Account;
  HostMemory(std::shared_ptr<Account> account, std::byte* data, uint64_t bytes, bool pinned)
      : account_(std::move(account)), data_(data), bytes_(bytes), pinned_(pinned) {}

  std::shared_ptr<Account> account_;
  std::byte* const data_;
  const uint64_t bytes_;
  const bool pinned_;
};

// Locking pages takes longer than filling them, so locked memory that goes is kept for the next of
// its size, within the limits. Not thread-safe: owned by the thread that owns the device's compute.
class HostBudget {
 public:
  // Gets page-locked memory from the system; null: refused.
  using Locker = std::function<std::byte*(uint64_t bytes)>;

  // `pinned_limit` counts within `limit`; 0: none is page-locked. What `lock` gives is freed by
  // FreeLockedMemory.
  HostBudget(uint64_t pinned_limit, uint64_t limit, Locker lock = LockedMemory);

  // Null: beyond the limit, or the system has no more.
  std::unique_ptr<HostMemory> AllocatePageable(uint64_t bytes);
  // Null also where the system refuses to lock pages (ulimit -l, no GPU); never asked twice.
  std::unique_ptr<HostMemory> AllocatePinned(uint64_t bytes);

  uint64_t used_bytes() const;
  uint64_t pinned_bytes() const;
  void ReleaseKept();  // locked memory that nobody uses
  // Whether the system has refused to lock pages that the limit allowed.
  bool pinning_refused() const { return pinning_refused_; }

 private:
  std::shared_ptr<HostMemory::Account> account_;
  uint64_t pinned_limit_, limit_;
  Locker lock_;
  bool pinning_refused_ = false;
};

}  // namespace hanga
