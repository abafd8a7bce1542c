// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The port that Prometheus and the probes ask.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "scheduler/scheduler.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/canary_metrics.h"
#include "server/metrics/http_server.h"

namespace hanga {

// Thread-safe.
class MetricsEndpoint {
 public:
  struct Sources {  // not owned; outlive this
    Scheduler* scheduler = nullptr;
    const CallMetrics* calls = nullptr;
    // Whether the daemon's threads take work; may wait a few seconds for the answer.
    std::function<bool()> pool_answers;
    std::function<CanaryMeasures()> canary = [] { return CanaryMeasures(); };
  };

  // As HttpServer::Start.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const std::string& address,
                                                                Sources sources);

  int port() const { return server_->port(); }
  void SetStopping() { stopping_ = true; }  // not ready any more, still alive

  // The text of /metrics: one snapshot, at most 50 ms old.
  std::string Page();

 private:
  explicit MetricsEndpoint(Sources sources) : sources_(std::move(sources)) {}

  const Sources sources_;
  std::atomic<bool> stopping_ = false;
  absl::Mutex mutex_;
  std::string page_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point made_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpServer> server_;  // last: ends before what it asks
};

}  // namespace hanga
