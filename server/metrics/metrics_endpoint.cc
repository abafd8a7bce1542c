// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/metrics_endpoint.h"

#include "server/metrics/families.h"
#include "server/metrics/probes.h"
#include "server/metrics/process_metrics.h"
#include "server/metrics/scheduler_metrics.h"
#include "server/metrics/worker_metrics.h"

namespace hanga {
namespace {

constexpr std::chrono::milliseconds kFresh(50);

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(const std::string& address,
                                                                        Sources sources) {
  std::unique_ptr<MetricsEndpoint> endpoint(new MetricsEndpoint(std::move(sources)));
  MetricsEndpoint& self = *endpoint;
  auto server = HttpServer::Start(
      address, {{"/metrics",
                 [&self] {
                   return HttpAnswer{.text = self.Page(),
                                     .content_type = "text/plain; version=0.0.4; charset=utf-8"};
                 }},
                {"/livez",
                 [&self] {
                   return Liveness(self.sources_.scheduler->measures(), self.sources_.canary(),
                                   self.sources_.pool_answers());
                 }},
                {"/readyz", [&self] {
                   return Readiness(self.sources_.scheduler->measures(), self.stopping_.load());
                 }}});
  if (!server.ok()) return server.status();
  endpoint->server_ = *std::move(server);
  return endpoint;
}

std::string MetricsEndpoint::Page() {
  absl::MutexLock lock(&mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (!page_.empty() && now - made_ < kFresh) return page_;
  Families families;
  const Measures measures = sources_.scheduler->measures();
  AddProcessMetrics(&families);
  AddSchedulerMetrics(measures, &families);
  AddWorkerMetrics(measures, &families);
  AddCanaryMetrics(sources_.canary(), &families);
  families.Append(sources_.calls->Collect());
  page_ = families.Text();
  made_ = now;
  return page_;
}

}  // namespace hanga
