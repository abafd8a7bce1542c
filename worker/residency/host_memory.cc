// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/residency/host_memory.h"

#include <sys/mman.h>

#include <map>
#include <utility>

namespace hanga {

struct HostMemory::Account {
  uint64_t used = 0, pinned = 0;  // of what lives
  uint64_t kept_bytes = 0;
  std::multimap<uint64_t, std::byte*> kept;  // locked, by size

  ~Account() { Release(); }

  void Release() {
    for (const auto& [bytes, data] : kept) FreeLockedMemory(data);
    kept.clear();
    kept_bytes = 0;
  }
  void Keep(std::byte* data, uint64_t bytes) {
    kept.emplace(bytes, data);
    kept_bytes += bytes;
  }
  std::byte* TakeKept(uint64_t bytes) {
    const auto found = kept.find(bytes);
    if (found == kept.end()) return nullptr;
    std::byte* data = found->second;
    kept.erase(found);
    kept_bytes -= bytes;
    return data;
  }
};

HostMemory::~HostMemory() {
  account_->used -= bytes_;
  if (pinned_) {
    account_->pinned -= bytes_;
    account_->Keep(data_, bytes_);
  } else {
    munmap(data_, bytes_);
  }
}

HostBudget::HostBudget(uint64_t pinned_limit, uint64_t limit, Locker lock)
    : account_(std::make_shared<HostMemory::Account>()),
      pinned_limit_(pinned_limit),
      limit_(limit),
      lock_(std::move(lock)) {}

uint64_t HostBudget::used_bytes() const { return account_->used; }
uint64_t HostBudget::pinned_bytes() const { return account_->pinned; }
void HostBudget::ReleaseKept() { account_->Release(); }

std::unique_ptr<HostMemory> HostBudget::AllocatePageable(uint64_t bytes) {
  if (bytes == 0 || account_->used + bytes > limit_) return nullptr;
  if (account_->used + account_->kept_bytes + bytes > limit_) account_->Release();
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  madvise(data, bytes, MADV_HUGEPAGE);  // fewer faults and walks; advice only
  account_->used += bytes;
  return std::unique_ptr<HostMemory>(
      new HostMemory(account_, static_cast<std::byte*>(data), bytes, false));
}

std::unique_ptr<HostMemory> HostBudget::AllocatePinned(uint64_t bytes) {
  if (bytes == 0 || pinning_refused_) return nullptr;
  if (account_->used + bytes > limit_ || account_->pinned + bytes > pinned_limit_) return nullptr;
  std::byte* data = account_->TakeKept(bytes);
  if (data == nullptr) {
    const uint64_t kept = account_->kept_bytes;
    if (account_->used + kept + bytes > limit_ || account_->pinned + kept + bytes > pinned_limit_) {
      account_->Release();
    }
    data = lock_(bytes);
  }
  if (data == nullptr) {
    pinning_refused_ = true;
    return nullptr;
  }
  account_->used += bytes;
  account_->pinned += bytes;
  return std::unique_ptr<HostMemory>(new HostMemory(account_, data, bytes, true));
}

}  // namespace hanga
