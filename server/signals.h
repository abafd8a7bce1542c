// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// SIGTERM, SIGINT and SIGHUP as events that a thread waits for.
#pragma once

#include "server/file_descriptor.h"

namespace hanga {

// Construct before any other thread starts: it blocks the signals for all of them.
class StopSignals {
 public:
  StopSignals();

  // Waits for one. Returns its number, or 0 after Cancel(). Thread-safe.
  int Wait();
  void Cancel();  // lets every Wait() return, now and later

 private:
  FileDescriptor signals_, cancelled_;
};

}  // namespace hanga
