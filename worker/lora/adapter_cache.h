// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A model's adapters, loaded when they are first used and kept while there is room.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "worker/lora/adapter.h"

namespace hanga {

// An adapter's file: one that the deployment offers, or one that came with the job.
struct AdapterFile {
  std::string name;                          // as the user calls it, for errors
  std::string path;                          // where it is; empty: `bytes` has it
  std::string sha256;                        // of the bytes
  std::shared_ptr<const std::string> bytes;  // null: `path` has it
};

// Not thread-safe: owned by a pipeline.
class AdapterCache {
 public:
  // The longest unused go first once they take more than `limit_bytes` together; one that a picture
  // is drawn with stays until it is done.
  explicit AdapterCache(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  using Load = absl::FunctionRef<absl::StatusOr<std::shared_ptr<const Adapter>>(
      const std::string& id, const TensorSource& file)>;

  // INVALID_ARGUMENT names the adapter and says what is wrong with its file. A file that was
  // changed since is read again.
  absl::StatusOr<std::shared_ptr<const Adapter>> Get(const AdapterFile& file, Load load);

  uint64_t bytes() const { return bytes_; }
  size_t size() const { return entries_.size(); }

 private:
  void Trim();

  const uint64_t limit_bytes_;
  uint64_t bytes_ = 0;
  std::list<std::shared_ptr<const Adapter>> entries_;  // most recently used first
};

}  // namespace hanga
