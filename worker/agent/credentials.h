// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"

namespace hanga {

// How a worker reaches its scheduler and proves that it may. Paths; empty: none.
struct SchedulerAddress {
  std::string target;             // "unix:PATH" or "HOST:PORT"
  std::string token_file;         // a bearer token, surrounding white space ignored
  std::string tls_ca;             // PEM; set: TLS, trusting these
  std::string tls_cert, tls_key;  // PEM; this worker's own, for mutual TLS
};

// INVALID_ARGUMENT or NOT_FOUND in one sentence for a person.
absl::Status CheckAddress(const SchedulerAddress& address);

// Both read their files at each call, so that they may be replaced while the worker runs.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const SchedulerAddress& address);
absl::StatusOr<std::string> ReadToken(const SchedulerAddress& address);  // empty without a file

}  // namespace hanga
