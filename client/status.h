// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// gRPC's status and its details as an absl::Status.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "google/rpc/error_details.pb.h"

namespace hanga::client {

// Keeps code and message, adds the field violations and the delay that the message does not already
// tell, and attaches every google.rpc detail as a payload under its type URL.
absl::Status FromGrpc(const grpc::Status& status);

// As above; a connection that failed is told as "no hangad answers at ADDRESS".
absl::Status FromGrpc(const grpc::Status& status, const std::string& address);

// The reason of the google.rpc.ErrorInfo that the server sent ("QUEUE_FULL"); empty without one.
std::string ErrorReason(const absl::Status& status);

// The fields that the server refused, and why; empty without a google.rpc.BadRequest.
google::rpc::BadRequest FieldViolations(const absl::Status& status);

}  // namespace hanga::client
