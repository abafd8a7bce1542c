// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Tells KEDA how many workers the queue wants: its external scaler interface, on a port of its own
// without authentication, since KEDA presents no token.
//
// The metric is images that wait or run; the trigger's `targetTasks` of them are one worker's
// share.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "externalscaler/external_scaler_service.grpc.pb.h"
#include "scheduler/scheduler.h"

namespace hanga {

// Thread-safe.
class ExternalScaler final : public externalscaler::ExternalScaler::Service {
 public:
  // `address` is HOST:PORT; port 0 takes any free one. FAILED_PRECONDITION as a sentence if it
  // cannot be had. The scheduler outlives this.
  static absl::StatusOr<std::unique_ptr<ExternalScaler>> Start(const std::string& address,
                                                               Scheduler* scheduler);
  ~ExternalScaler() override;  // ends open calls

  int port() const { return port_; }

  grpc::Status IsActive(grpc::ServerContext* call, const externalscaler::ScaledObjectRef* request,
                        externalscaler::IsActiveResponse* response) override;
  grpc::Status StreamIsActive(
      grpc::ServerContext* call, const externalscaler::ScaledObjectRef* request,
      grpc::ServerWriter<externalscaler::IsActiveResponse>* stream) override;
  grpc::Status GetMetricSpec(grpc::ServerContext* call,
                             const externalscaler::ScaledObjectRef* request,
                             externalscaler::GetMetricSpecResponse* response) override;
  grpc::Status GetMetrics(grpc::ServerContext* call,
                          const externalscaler::GetMetricsRequest* request,
                          externalscaler::GetMetricsResponse* response) override;

 private:
  explicit ExternalScaler(Scheduler* scheduler) : scheduler_(scheduler) {}
  int64_t Tasks() const;  // that wait or run

  Scheduler* const scheduler_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace hanga
