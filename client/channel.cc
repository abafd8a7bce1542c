// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <string_view>

#include "absl/strings/str_cat.h"

namespace hanga::client {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;

bool StaysOnThisHost(std::string_view address) {
  for (std::string_view local : {"unix:", "127.", "localhost:", "[::1]:"}) {
    if (address.starts_with(local)) return true;
  }
  return false;
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const ClientOptions& options) {
  if (!options.tls && options.ca_pem.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = options.ca_pem;
  ssl.pem_cert_chain = options.certificate_pem;
  ssl.pem_private_key = options.key_pem;
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ClientOptions& options) {
  const bool tls = options.tls || !options.ca_pem.empty();
  if (options.address.empty()) {
    return absl::InvalidArgumentError("address: empty; give HOST:PORT or unix:PATH");
  }
  if (options.certificate_pem.empty() != options.key_pem.empty()) {
    return absl::InvalidArgumentError("TLS certificate and key: give both or neither");
  }
  if (!options.token.empty() && !tls && !options.insecure && !StaysOnThisHost(options.address)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the token would travel to ", options.address,
                     " in clear text: use TLS (HANGA_TLS_CA or HANGA_TLS=1), or allow it with "
                     "HANGA_INSECURE=1"));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // A server that restarts is back within a second; gRPC's own back-off grows to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);  // what a connection may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // Finds a peer that vanished while a quiet stream is watched.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // Options apply to this client alone, not to other channels of the process.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(options.address, Credentials(options), arguments);
}

}  // namespace hanga::client
