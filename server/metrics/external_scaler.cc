// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/external_scaler.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace hanga {
namespace {

constexpr char kMetric[] = "hanga_tasks";
constexpr char kTarget[] = "targetTasks";
constexpr int64_t kDefaultTarget = 4, kMostTarget = 10'000;
constexpr absl::Duration kLookAgain = absl::Seconds(1);  // of a stream

}  // namespace

absl::StatusOr<std::unique_ptr<ExternalScaler>> ExternalScaler::Start(const std::string& address,
                                                                      Scheduler* scheduler) {
  std::unique_ptr<ExternalScaler> scaler(new ExternalScaler(scheduler));
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 8);
  builder.SetMaxReceiveMessageSize(64 << 10);
  // A stream takes a thread for as long as it lasts: KEDA opens one for each scaled object.
  grpc::ResourceQuota quota("external_scaler");
  quota.SetMaxThreads(16);
  builder.SetResourceQuota(quota);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &scaler->port_);
  builder.RegisterService(scaler.get());
  scaler->server_ = builder.BuildAndStart();
  if (scaler->server_ == nullptr || scaler->port_ == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", address,
                     " for KEDA: the address is in use by another program or is not this host's; "
                     "metrics.scaler_listen chooses another"));
  }
  return scaler;
}

ExternalScaler::~ExternalScaler() {
  if (server_ == nullptr) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

int64_t ExternalScaler::Tasks() const {
  const Measures measures = scheduler_->measures();
  return static_cast<int64_t>(measures.tasks_waiting + measures.tasks_running);
}

grpc::Status ExternalScaler::IsActive(grpc::ServerContext*, const externalscaler::ScaledObjectRef*,
                                      externalscaler::IsActiveResponse* response) {
  response->set_result(Tasks() > 0);
  return grpc::Status::OK;
}

grpc::Status ExternalScaler::StreamIsActive(
    grpc::ServerContext* call, const externalscaler::ScaledObjectRef*,
    grpc::ServerWriter<externalscaler::IsActiveResponse>* stream) {
  externalscaler::IsActiveResponse response;
  bool first = true;
  while (!call->IsCancelled()) {
    const bool active = Tasks() > 0;
    if (first || active != response.result()) {
      response.set_result(active);
      if (!stream->Write(response)) break;
      first = false;
    }
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kLookAgain)) break;
  }
  return grpc::Status::OK;
}

grpc::Status ExternalScaler::GetMetricSpec(grpc::ServerContext*,
                                           const externalscaler::ScaledObjectRef* request,
                                           externalscaler::GetMetricSpecResponse* response) {
  int64_t target = kDefaultTarget;
  const auto given = request->scalermetadata().find(kTarget);
  if (given != request->scalermetadata().end() &&
      (!absl::SimpleAtoi(given->second, &target) || target < 1 || target > kMostTarget)) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        absl::StrCat(kTarget, " is '", given->second.substr(0, 64),
                                     "', must be 1 to ", kMostTarget));
  }
  externalscaler::MetricSpec& spec = *response->add_metricspecs();
  spec.set_metricname(kMetric);
  spec.set_targetsize(target);
  spec.set_targetsizefloat(static_cast<double>(target));
  return grpc::Status::OK;
}

grpc::Status ExternalScaler::GetMetrics(grpc::ServerContext*,
                                        const externalscaler::GetMetricsRequest*,
                                        externalscaler::GetMetricsResponse* response) {
  externalscaler::MetricValue& value = *response->add_metricvalues();
  const int64_t tasks = Tasks();
  value.set_metricname(kMetric);
  value.set_metricvalue(tasks);
  value.set_metricvaluefloat(static_cast<double>(tasks));
  return grpc::Status::OK;
}

}  // namespace hanga
