// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/metrics/call_metrics.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "hanga/v1/cluster_service.pb.h"
#include "hanga/v1/generation_service.pb.h"
#include "hanga/v1/model_service.pb.h"
#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {
namespace {

constexpr std::array<const char*, 17> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

const prometheus::Histogram::BucketBoundaries& Bounds() {
  static const prometheus::Histogram::BucketBoundaries bounds = {
      0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5};
  return bounds;
}

}  // namespace

// One call. Not thread-safe: gRPC runs the hooks of one call one after the other.
class CallInterceptor final : public grpc::experimental::Interceptor {
 public:
  CallInterceptor(CallMetrics* metrics, CallMetrics::Method* method)
      : metrics_(metrics), method_(method) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Hook = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_STATUS)) {
      const auto took = std::chrono::steady_clock::now() - begin_;
      metrics_->End(*method_, methods->GetSendStatus().error_code(), absl::FromChrono(took));
    }
    methods->Proceed();
  }

 private:
  CallMetrics* const metrics_;
  CallMetrics::Method* const method_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

CallMetrics::CallMetrics()
    : calls_(prometheus::BuildCounter()
                 .Name("hanga_grpc_calls_total")
                 .Help("gRPC calls that have ended, by method and code.")
                 .Register(registry_)),
      durations_(prometheus::BuildHistogram()
                     .Name("hanga_grpc_call_duration_seconds")
                     .Help("Unary gRPC calls, from their arrival to their status.")
                     .Register(registry_)) {
  for (const google::protobuf::FileDescriptor* file :
       {v1::SubmitJobRequest::descriptor()->file(), v1::ListModelsRequest::descriptor()->file(),
        v1::ListWorkersRequest::descriptor()->file(), v1::AttachRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const google::protobuf::MethodDescriptor& described = *file->service(i)->method(j);
        Method& method =
            methods_[absl::StrCat("/", file->service(i)->full_name(), "/", described.name())];
        method.name = absl::StrCat(file->service(i)->name(), "/", described.name());
        if (described.client_streaming() || described.server_streaming()) continue;
        method.duration = &durations_.Add({{"method", method.name}}, Bounds());
      }
    }
  }
  other_.name = "other";
}

CallMetrics::Method& CallMetrics::Find(absl::string_view path) {
  const auto it = methods_.find(std::string_view(path.data(), path.size()));
  return it == methods_.end() ? other_ : it->second;
}

void CallMetrics::End(Method& method, int code, absl::Duration took) {
  if (code < 0 || code >= static_cast<int>(kCodes)) code = 2;  // UNKNOWN, as gRPC has it
  std::atomic<prometheus::Counter*>& cached = method.ended[static_cast<size_t>(code)];
  prometheus::Counter* counter = cached.load(std::memory_order_acquire);
  if (counter == nullptr) {
    // The same labels give the same counter, whoever asks first.
    counter =
        &calls_.Add({{"method", method.name}, {"code", kCodeNames[static_cast<size_t>(code)]}});
    cached.store(counter, std::memory_order_release);
  }
  counter->Increment();
  if (method.duration != nullptr) method.duration->Observe(absl::ToDoubleSeconds(took));
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
CallMetrics::MakeInterceptors() {
  class Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
   public:
    explicit Factory(CallMetrics* metrics) : metrics_(metrics) {}
    grpc::experimental::Interceptor* CreateServerInterceptor(
        grpc::experimental::ServerRpcInfo* info) override {
      return new CallInterceptor(metrics_, &metrics_->Find(info->method()));
    }

   private:
    CallMetrics* const metrics_;
  };
  return std::make_unique<Factory>(this);
}

}  // namespace hanga
