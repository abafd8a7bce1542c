// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Loads a server with one unary method, many calls at once, from few threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "bench/load/latencies.h"

namespace hanga::bench {

struct UnaryLoad {
  std::string address;
  std::string method;                    // "/package.Service/Method"
  std::function<std::string()> request;  // a serialised message; called for each call
  int clients = 64;                      // calls in flight at most
  int threads = 1;
  absl::Duration warm_up = absl::Seconds(1);  // not counted
  absl::Duration duration = absl::Seconds(5);
  // Calls a second, begun on time whatever the answers do, so that a latency counts from when its
  // call was due; 0: each client calls again as soon as it has its answer.
  double rate = 0;
  int server_pid = 0;  // of this host, to see what it costs; 0: not looked at
};

struct UnaryLoadResult {
  Latencies latencies;  // of calls that succeeded within the duration
  uint64_t failed = 0;
  std::string first_error;
  double per_second = 0;
  uint64_t calls = 0;                     // with those of the warm-up
  absl::Duration client_cpu, server_cpu;  // processor time of each of them
};

UnaryLoadResult RunUnaryLoad(const UnaryLoad& load);

}  // namespace hanga::bench
