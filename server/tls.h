// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How the listener proves who it is, and asks its peers to.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace hanga {

// Insecure credentials where TLS is not configured. The files are looked at every few seconds: new
// connections take up a new certificate, open ones go on.
// INVALID_ARGUMENT names a file that cannot be
// read, is not PEM, or a key that does not belong to the certificate: gRPC itself would only fail
// at the first handshake.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsConfig& config);

}  // namespace hanga
