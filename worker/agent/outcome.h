// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// How a task can end without a picture.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "hanga/v1/worker_link_service.pb.h"

namespace hanga {

// FAILED, with the reason and whether another attempt may help:
//   INVALID_ARGUMENT     -> INVALID_ARGUMENT, no    FAILED_PRECONDITION -> MODEL_UNUSABLE, yes
//   RESOURCE_EXHAUSTED   -> OUT_OF_MEMORY, yes      UNAVAILABLE         -> DEVICE_FAULT, yes
//   anything else        -> INTERNAL, yes
v1::TaskResult Failed(const v1::AttemptRef& attempt, const absl::Status& status);

v1::TaskResult Cancelled(const v1::AttemptRef& attempt);

// Not begun: `why` is one sentence.
v1::TaskResult Refused(const v1::AttemptRef& attempt, const std::string& why);

}  // namespace hanga
