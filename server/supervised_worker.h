// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the supervisor knows of one worker that it keeps running. Of its thread.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/local_process.h"
#include "server/output_tail.h"
#include "server/restart_policy.h"
#include "server/supervisor.h"

namespace hanga {

struct Supervisor::Slot {
  SupervisedWorker worker;
  RestartPolicy policy;
  std::optional<LocalProcess> process;
  OutputTail output;
  absl::Duration started, due;  // steady; `due` while there is no process
  uint32_t restarts = 0;
  bool stray = false;          // of a device that is not configured: never started
  std::string killed_because;  // empty: it was not
};

}  // namespace hanga
