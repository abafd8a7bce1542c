// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "worker/agent/outcome.h"

namespace hanga {
namespace {

const char* ReasonOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
      return "MODEL_UNUSABLE";
    case absl::StatusCode::kResourceExhausted:
      return "OUT_OF_MEMORY";
    case absl::StatusCode::kAborted:
      return "GROUP_LOST";
    case absl::StatusCode::kUnavailable:
      return "DEVICE_FAULT";
    default:
      return "INTERNAL";
  }
}

v1::TaskResult Result(const v1::AttemptRef& attempt, v1::TaskOutcome outcome) {
  v1::TaskResult result;
  *result.mutable_attempt() = attempt;
  result.set_outcome(outcome);
  return result;
}

}  // namespace

v1::TaskResult Failed(const v1::AttemptRef& attempt, const absl::Status& status) {
  v1::TaskResult result = Result(attempt, v1::TASK_OUTCOME_FAILED);
  result.mutable_error()->set_reason(ReasonOf(status));
  result.mutable_error()->set_message(std::string(status.message()));
  result.set_retryable(!absl::IsInvalidArgument(status));
  return result;
}

v1::TaskResult Cancelled(const v1::AttemptRef& attempt) {
  return Result(attempt, v1::TASK_OUTCOME_CANCELLED);
}

v1::TaskResult Refused(const v1::AttemptRef& attempt, const std::string& why) {
  v1::TaskResult result = Result(attempt, v1::TASK_OUTCOME_REFUSED);
  result.mutable_error()->set_reason("REFUSED");
  result.mutable_error()->set_message(why);
  result.set_retryable(true);
  return result;
}

}  // namespace hanga
