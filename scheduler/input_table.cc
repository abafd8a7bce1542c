// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/input_table.h"

#include <algorithm>

namespace hanga {

void InputTable::Put(InputRecord record) {
  const auto [it, added] = inputs_[record.sha256].try_emplace(record.tenant, record);
  if (added) {
    ++count_;
    bytes_ += record.size_bytes;
    tenant_bytes_[record.tenant] += record.size_bytes;
  } else {
    it->second.used_us = std::max(it->second.used_us, record.used_us);
  }
}

const InputRecord* InputTable::Find(absl::string_view sha256, const std::string& tenant) const {
  const auto it = inputs_.find(sha256);
  if (it == inputs_.end()) return nullptr;
  const auto own = it->second.find(tenant);
  return own == it->second.end() ? nullptr : &own->second;
}

bool InputTable::Known(absl::string_view sha256) const { return inputs_.contains(sha256); }

uint64_t InputTable::bytes_of(const std::string& tenant) const {
  const auto it = tenant_bytes_.find(tenant);
  return it == tenant_bytes_.end() ? 0 : it->second;
}

void InputTable::Hold(const std::string& sha256) { ++holds_[sha256]; }

void InputTable::Release(const std::string& sha256) {
  const auto it = holds_.find(sha256);
  if (it != holds_.end() && --it->second == 0) holds_.erase(it);
}

std::vector<InputRecord> InputTable::Expired(int64_t used_before_us, uint64_t max_bytes,
                                             size_t limit) const {
  std::vector<InputRecord> oldest;
  for (const auto& [sha256, tenants] : inputs_) {
    if (holds_.contains(sha256)) continue;
    for (const auto& [tenant, record] : tenants) oldest.push_back(record);
  }
  std::sort(oldest.begin(), oldest.end(), [](const InputRecord& a, const InputRecord& b) {
    return std::tie(a.used_us, a.sha256, a.tenant) < std::tie(b.used_us, b.sha256, b.tenant);
  });
  uint64_t left = bytes_;
  size_t gone = 0;
  while (gone < std::min(limit, oldest.size())) {
    const bool too_many = max_bytes != 0 && left > max_bytes;
    if (oldest[gone].used_us >= used_before_us && !too_many) break;
    left -= oldest[gone++].size_bytes;
  }
  oldest.resize(gone);
  return oldest;
}

void InputTable::Drop(const InputRecord& record) {
  const auto it = inputs_.find(record.sha256);
  if (it == inputs_.end() || it->second.erase(record.tenant) == 0) return;
  if (it->second.empty()) inputs_.erase(it);
  --count_;
  bytes_ -= record.size_bytes;
  uint64_t& of_tenant = tenant_bytes_[record.tenant];
  of_tenant -= record.size_bytes;
  if (of_tenant == 0) tenant_bytes_.erase(record.tenant);
}

}  // namespace hanga
