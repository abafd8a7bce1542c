// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Everything that runs while hangad does, in the order of its life:
//
//   data folder ─▶ scheduler ─▶ listener ─▶ supervisor ... signal ... drain ─▶ workers ─▶ calls
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "scheduler/scheduler.h"
#include "server/auth.h"
#include "server/canary.h"
#include "server/config.h"
#include "server/listener.h"
#include "server/local_workers.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/external_scaler.h"
#include "server/metrics/metrics_endpoint.h"
#include "server/open_streams.h"
#include "server/supervisor.h"
#include "server/task_pool.h"
#include "server/timers.h"

namespace hanga {

class Daemon {
 public:
  // Errors are sentences for the operator.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config);

  // Ends at once, as after a crash: local workers go on, and the next daemon adopts them.
  ~Daemon();

  int port() const { return listener_->port(); }
  int metrics_port() const { return metrics_ == nullptr ? 0 : metrics_->port(); }
  int scaler_port() const { return scaler_ == nullptr ? 0 : scaler_->port(); }

  // Reads the token file again and checks the TLS files, which are taken up by themselves within
  // seconds. Open calls and streams go on. The error says what is wrong and what is still in force.
  absl::Status Reload();

  // NOT_SERVING, nothing more is assigned, running tasks end or are saved within the grace time,
  // workers and then calls end.
  void StopGracefully();

  // Offers the models of another configuration from now on: workers are told, and examine what is
  // new. What runs goes on; what waits for a model that is gone fails. Nothing else of it counts.
  absl::Status SetModels(const Config& config);

  // Kills the local workers. May be called while StopGracefully() waits, from another thread.
  void KillWorkers();

 private:
  explicit Daemon(const Config& config) : config_(config) {}
  absl::Status Open();
  absl::Status OpenData(const std::string& folder);
  absl::Status OpenMetrics();
  CanaryMeasures MeasureCanary() const;
  bool PoolAnswers();

  const Config config_;
  // In the order of their making: what is called outlives what calls it.
  TaskPool pool_{8};
  Timers timers_;
  OpenStreams streams_;
  std::atomic<int> usable_workers_ = 0;
  std::atomic<Doorbell*> readiness_ = nullptr;    // tells the listener of `usable_workers_`
  std::atomic<Supervisor*> releasing_ = nullptr;  // set while `supervisor_` may be called
  std::unique_ptr<Scheduler> scheduler_;
  std::optional<Authorizer> authorizer_;
  CallMetrics calls_;
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<Doorbell> readiness_bell_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<MetricsEndpoint> metrics_;  // null: none is configured
  std::unique_ptr<ExternalScaler> scaler_;    // likewise
  std::unique_ptr<Canary> canary_;            // likewise
};

}  // namespace hanga
