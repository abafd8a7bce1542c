// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "server/listener.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/str_cat.h"
#include "server/tls.h"

namespace hanga {
namespace {

constexpr int kMostMessageBytes = 4 << 20;  // the largest that the API needs is a chunk of 1 MiB
constexpr size_t kMostSocketPath = 107;     // sockaddr_un

// A stream that is quiet for hours is normal (a watcher of a queued job, an idle worker), a peer
// that is gone without a word is too: both sides may ping, and a peer that does not answer is
// dropped within 80 s.
void SetConnectionLimits(grpc::ServerBuilder* builder) {
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1'000);
  // A connection that does not finish its handshake is closed.
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  // Two daemons on one port would each get some of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->SetMaxReceiveMessageSize(kMostMessageBytes);
  builder->SetMaxSendMessageSize(-1);
}

absl::Status CannotListen(absl::string_view address) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot listen on ", address,
      ": the address is in use by another program or is not this host's; `ss -ltnp` shows who "
      "has it, --listen or server.listen chooses another, port 0 any free one"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(const ServerConfig& config,
                                                          const std::string& worker_socket,
                                                          std::set<std::string> local_workers,
                                                          const ServiceContext& context,
                                                          Interceptors interceptors) {
  if (worker_socket.size() > kMostSocketPath) {
    return absl::FailedPreconditionError(
        absl::StrCat("the data folder's path is too long for a Unix socket in it: ", worker_socket,
                     " has ", worker_socket.size(), " bytes, at most ", kMostSocketPath,
                     "; choose a shorter one with --data or server.data"));
  }
  auto credentials = MakeServerCredentials(config.tls);
  if (!credentials.ok()) return credentials.status();

  std::unique_ptr<Listener> listener(new Listener(context, std::move(local_workers)));
  grpc::EnableDefaultHealthCheckService(true);
  if (config.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetConnectionLimits(&builder);
  if (!interceptors.empty()) {
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
  }
  builder.RegisterService(&listener->generation_);
  builder.RegisterService(&listener->models_);
  builder.RegisterService(&listener->cluster_);
  builder.RegisterService(&listener->link_);
  int socket_bound = 0;
  builder.AddListeningPort(config.listen, *credentials, &listener->port_);
  builder.AddListeningPort(absl::StrCat("unix:", worker_socket), grpc::InsecureServerCredentials(),
                           &socket_bound);
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr || listener->port_ == 0 || socket_bound == 0) {
    return CannotListen(listener->port_ == 0 ? config.listen : worker_socket);
  }
  listener->SetReady(false);
  auto* health = listener->server_->GetHealthCheckService();
  health->SetServingStatus(v1::ClusterService::service_full_name(), true);
  health->SetServingStatus(v1::WorkerLinkService::service_full_name(), true);
  return listener;
}

void Listener::SetReady(bool ready) {
  auto* health = server_->GetHealthCheckService();
  health->SetServingStatus("", ready);
  health->SetServingStatus(v1::GenerationService::service_full_name(), ready);
  health->SetServingStatus(v1::ModelService::service_full_name(), ready);
}

void Listener::SetStopping() { server_->GetHealthCheckService()->Shutdown(); }

void Listener::Stop(absl::Duration grace) {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
}

}  // namespace hanga
