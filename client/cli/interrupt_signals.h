// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Ctrl-C, told to a function instead of ending the program.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace hanga::cli {

// Holds SIGINT and SIGTERM back until there is an InterruptSignals, which then receives them. Call
// it before the first other thread is started (a Client starts some), or one of those may take
// them.
void HoldInterruptSignals();

// While it lives, SIGINT and SIGTERM call `on_signal` with their count, from 1, on a thread of its
// own. Needs HoldInterruptSignals.
class InterruptSignals {
 public:
  explicit InterruptSignals(std::function<void(int count)> on_signal);
  ~InterruptSignals();
  InterruptSignals(const InterruptSignals&) = delete;
  InterruptSignals& operator=(const InterruptSignals&) = delete;

 private:
  void Wait();

  const std::function<void(int)> on_signal_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace hanga::cli
