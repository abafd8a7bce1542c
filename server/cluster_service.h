// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Workers over gRPC. Everybody who may read sees them; administrators drain them. Thread-safe.
#pragma once

#include "hanga/v1/cluster_service.grpc.pb.h"
#include "server/call.h"

namespace hanga {

class ClusterServiceImpl final : public v1::ClusterService::CallbackService {
 public:
  explicit ClusterServiceImpl(const ServiceContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* call,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;
  grpc::ServerUnaryReactor* DrainWorker(grpc::CallbackServerContext* call,
                                        const v1::DrainWorkerRequest* request,
                                        v1::DrainWorkerResponse* response) override;
  grpc::ServerUnaryReactor* UndrainWorker(grpc::CallbackServerContext* call,
                                          const v1::UndrainWorkerRequest* request,
                                          v1::UndrainWorkerResponse* response) override;

 private:
  const ServiceContext context_;
};

}  // namespace hanga
