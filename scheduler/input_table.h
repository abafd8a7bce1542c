// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Which inputs are stored, for whom, and which may go. What is on the disk follows it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "scheduler/records.h"

namespace hanga {

// Not thread-safe: under the scheduler's lock.
class InputTable {
 public:
  // Stored for a tenant, or used by it again.
  void Put(InputRecord record);

  // Null if the tenant has not stored it. A tenant that has not does not see it, even where another
  // has: whoever names a picture must have had its bytes.
  const InputRecord* Find(absl::string_view sha256, const std::string& tenant) const;
  bool Known(absl::string_view sha256) const;  // to anyone
  uint64_t bytes_of(const std::string& tenant) const;
  uint64_t bytes() const { return bytes_; }  // one that two tenants have counts twice
  uint64_t count() const { return count_; }

  // While it is held, because a job needs it or it is on its way, an input does not expire.
  void Hold(const std::string& sha256);
  void Release(const std::string& sha256);
  bool Held(absl::string_view sha256) const { return holds_.contains(sha256); }

  // What may go: not held and unused since `used_before_us`, or the longest unused beyond
  // `max_bytes` (0: no limit). Longest unused first, at most `limit`.
  std::vector<InputRecord> Expired(int64_t used_before_us, uint64_t max_bytes, size_t limit) const;
  void Drop(const InputRecord& record);

 private:
  // By SHA-256, then tenant.
  absl::flat_hash_map<std::string, std::map<std::string, InputRecord>> inputs_;
  std::map<std::string, uint64_t> tenant_bytes_;
  absl::flat_hash_map<std::string, uint32_t> holds_;
  uint64_t bytes_ = 0, count_ = 0;
};

}  // namespace hanga
