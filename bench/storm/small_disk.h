// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// A small file system of its own for a data folder, to be filled up. Needs root.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace hanga::bench {

// Not thread-safe.
class SmallDisk {
 public:
  // Mounts a tmpfs at `folder`, which exists; null where that is not allowed.
  static std::unique_ptr<SmallDisk> Mount(const std::string& folder, uint64_t bytes);
  ~SmallDisk();  // unmounts

  void Fill(uint64_t leave_bytes);  // takes all but so much of what is free
  void Empty();
  bool full() const { return full_; }

 private:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {}

  const std::string folder_;
  bool full_ = false;
};

}  // namespace hanga::bench
