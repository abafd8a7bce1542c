// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <string>

#include "worker/agent/credentials.h"

namespace hanga {

// `hanga-worker run`.
struct RunOptions {
  SchedulerAddress scheduler;
  std::string id;  // empty: "<host>-<device>"
  std::string device = "cpu:0";
  int threads = 0;                           // of a CPU device; 0: all
  std::string group_listen = "127.0.0.1:0";  // where other ranks of a group reach it; empty: none
  size_t max_tasks = 0;                      // 0: 1 on a CPU, 4 on a GPU
  size_t max_batch = 8;                      // generations that step together
  double away_timeout = 0;  // seconds without the scheduler after which to give up; 0: never
  std::string log_level = "info", log_format = "text";
};

// Until the worker is drained, refused or on its own for too long; gives the exit code. The last
// line on the standard error says why, if it is not 0.
int Run(const RunOptions& options);

}  // namespace hanga
