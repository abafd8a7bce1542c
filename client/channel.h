// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The connection that a client's calls share.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "client/options.h"

namespace hanga::client {

// Connects when it is first used. INVALID_ARGUMENT: half of a key pair, or an empty address.
// FAILED_PRECONDITION: a token would travel to another host in clear text.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const ClientOptions& options);

}  // namespace hanga::client
