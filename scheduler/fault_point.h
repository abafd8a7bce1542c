// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Named places between two steps that a crash may separate. Tests end the process there; otherwise
// a place costs one relaxed load.
#pragma once

#include <atomic>

namespace hanga {

using FaultHook = void (*)(const char* place);
inline std::atomic<FaultHook> fault_hook = nullptr;

inline void FaultPoint(const char* place) {
  if (const FaultHook hook = fault_hook.load(std::memory_order_relaxed)) hook(place);
}

}  // namespace hanga
