// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Counts gRPC calls as they end, by method and code.
#pragma once

#include <grpcpp/support/server_interceptor.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace hanga {

// Thread-safe. Outlives every interceptor that it makes.
class CallMetrics {
 public:
  CallMetrics();

  // For grpc::ServerBuilder; refers to this.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeInterceptors();

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  friend class CallInterceptor;
  static constexpr size_t kCodes = 17;

  // The counters of one method; a code's is made when it first ends a call.
  struct Method {
    std::string name;
    std::array<std::atomic<prometheus::Counter*>, kCodes> ended = {};
    prometheus::Histogram* duration = nullptr;  // of unary methods
  };

  Method& Find(absl::string_view path);  // "/hanga.v1.GenerationService/GetJob"
  void End(Method& method, int code, absl::Duration took);

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& calls_;
  prometheus::Family<prometheus::Histogram>& durations_;
  std::map<std::string, Method, std::less<>> methods_;  // never changes after the construction
  Method other_;                                        // of services that are not Hanga's
};

}  // namespace hanga
