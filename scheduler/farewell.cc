// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/farewell.h"

#include <utility>

#include "scheduler/status_details.h"

namespace hanga {
namespace {

absl::StatusCode CodeOf(absl::string_view reason) {
  if (reason == "LINK_VERSION") return absl::StatusCode::kFailedPrecondition;
  if (reason == "BAD_HELLO" || reason == "BAD_MESSAGE") return absl::StatusCode::kInvalidArgument;
  if (reason == "BAD_TOKEN") return absl::StatusCode::kPermissionDenied;
  if (reason == "DUPLICATE_WORKER") return absl::StatusCode::kAlreadyExists;
  return absl::StatusCode::kUnavailable;
}

}  // namespace

void SendAway(WorkerSink& sink, const v1::Goodbye& goodbye) {
  v1::AttachResponse response;
  *response.mutable_goodbye() = goodbye;
  sink.Send(std::move(response));
  sink.Close(StatusWithReason(CodeOf(goodbye.reason()), goodbye.reason(), goodbye.message()));
}

}  // namespace hanga
