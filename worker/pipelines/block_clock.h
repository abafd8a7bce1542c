// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How long each block of one pass occupies the device, without holding the pass up.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <vector>

namespace hanga {

// Not thread-safe: owned by the thread that owns the device's compute.
class BlockClock {
 public:
  explicit BlockClock(c10::Device device);
  ~BlockClock();

  // Around a block's kernels, queued on the current stream.
  void Begin();
  void End();

  // Seconds by block, in order. Waits for the device. Throws as ATen does.
  std::vector<double> Seconds();

 private:
  struct Marks;
  std::unique_ptr<Marks> marks_;
};

}  // namespace hanga
