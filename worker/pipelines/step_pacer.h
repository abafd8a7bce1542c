// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Keeps the host close to the device: a step is queued while the one before it runs, so that the
// device never waits, and no further, so that progress and cancels mean what they say.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <optional>

namespace hanga {

// Not thread-safe: owned by the thread that owns the device's compute.
class StepPacer {
 public:
  // Call it after a step was queued: returns when the step before is over. On a CPU at once. Throws
  // what the device has failed with meanwhile.
  void Queued(at::Device device);

 private:
  std::optional<c10::Event> before_, now_;
};

}  // namespace hanga
