// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The gRPC server: its services, addresses, limits and health.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/call.h"
#include "server/cluster_service.h"
#include "server/config.h"
#include "server/generation_service.h"
#include "server/model_service.h"
#include "server/worker_link_service.h"

namespace hanga {

// Thread-safe.
class Listener {
 public:
  using Interceptors =
      std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>;

  // Listens on the configured address, and on a Unix socket for the host's own workers.
  // FAILED_PRECONDITION as a sentence that says what to do if an address cannot be had.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(const ServerConfig& config,
                                                         const std::string& worker_socket,
                                                         std::set<std::string> local_workers,
                                                         const ServiceContext& context,
                                                         Interceptors interceptors = {});

  int port() const { return port_; }

  // grpc.health.v1. The server as a whole, its GenerationService and ModelService are SERVING while
  // a worker takes tasks; the other services are while the server runs.
  void SetReady(bool ready);
  void SetStopping();  // nothing is SERVING any more, whatever SetReady() says

  // Ends open calls after `grace`, and returns when all have ended.
  void Stop(absl::Duration grace);

 private:
  Listener(const ServiceContext& context, std::set<std::string> local_workers)
      : generation_(context),
        models_(context),
        cluster_(context),
        link_(context, std::move(local_workers)) {}

  GenerationServiceImpl generation_;
  ModelServiceImpl models_;
  ClusterServiceImpl cluster_;
  WorkerLinkServiceImpl link_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace hanga
