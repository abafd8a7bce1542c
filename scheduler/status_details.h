// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Statuses that carry google.rpc details as payloads: the payload's type URL is
// "type.googleapis.com/google.rpc.X", its value the serialized message. A service copies them into
// the details of the call.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace hanga {

inline constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr absl::string_view kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";
inline constexpr absl::string_view kRetryInfoUrl = "type.googleapis.com/google.rpc.RetryInfo";

struct FieldViolation {
  std::string field;        // path from the request: "spec.width"
  std::string description;  // value and limit, one sentence
};

// `reason` is UPPER_SNAKE_CASE, for programs; `message` one sentence, for people.
absl::Status StatusWithReason(absl::StatusCode code, absl::string_view reason,
                              absl::string_view message);

// INVALID_ARGUMENT whose message names every violation.
absl::Status BadRequestStatus(const std::vector<FieldViolation>& violations);

// RESOURCE_EXHAUSTED that says when to try again.
absl::Status RetryLaterStatus(absl::string_view reason, absl::string_view message,
                              absl::Duration delay);

// The reason that such a status carries; empty if none.
std::string ReasonOf(const absl::Status& status);

}  // namespace hanga
