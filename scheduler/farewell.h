// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a worker is sent away: a Goodbye, and the stream's status with the same words.
#pragma once

#include "hanga/v1/worker_link_service.pb.h"
#include "scheduler/worker_session.h"

namespace hanga {

// Reasons and codes: LINK_VERSION is FAILED_PRECONDITION; BAD_HELLO and BAD_MESSAGE
// INVALID_ARGUMENT; BAD_TOKEN PERMISSION_DENIED; DUPLICATE_WORKER ALREADY_EXISTS; the rest, which
// are no fault of the worker's, UNAVAILABLE.
void SendAway(WorkerSink& sink, const v1::Goodbye& goodbye);

}  // namespace hanga
