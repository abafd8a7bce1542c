// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The workers' streams: between gRPC and the scheduler's WorkerSession.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "hanga/v1/worker_link_service.grpc.pb.h"
#include "server/call.h"

namespace hanga {

class WorkerLinkServiceImpl final : public v1::WorkerLinkService::CallbackService {
 public:
  // `local_workers`: ids that only this host's own workers may use, by their own tokens.
  WorkerLinkServiceImpl(const ServiceContext& context, std::set<std::string> local_workers)
      : context_(context), local_workers_(std::move(local_workers)) {}

  grpc::ServerBidiReactor<v1::AttachRequest, v1::AttachResponse>* Attach(
      grpc::CallbackServerContext* call) override;

 private:
  const ServiceContext context_;
  const std::set<std::string> local_workers_;
};

}  // namespace hanga
