// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// The one place where absl::Status becomes grpc::Status. Payloads of an absl::Status are messages
// of google.rpc under their type URL (scheduler/status_details.h attaches them); they travel as the
// details of the answer. Pure functions; thread-safe.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace hanga {

// OK stays OK. Every error carries an ErrorInfo of domain "hanga": the status' own, or one whose
// reason is the code's name. INTERNAL and UNKNOWN keep their text out of the answer: clients learn
// that it is in the server's log, where `ToGrpc` writes it.
grpc::Status ToGrpc(const absl::Status& status);

// The way back, for tests and peers: details become payloads.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace hanga
