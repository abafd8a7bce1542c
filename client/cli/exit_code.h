// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the program's exit status says. docs/cli.md lists the same.
#pragma once

#include "absl/status/status.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,        // the job failed or expired, or something else went wrong
  kUsage = 2,         // bad flags, or a field that the server refused
  kUnreachable = 3,   // no server answers
  kNotFound = 4,      // no such job, model, worker or artifact
  kDenied = 5,        // token missing, wrong or without the right
  kBusy = 6,          // the queue is full: try again later
  kCancelled = 7,     // somebody else cancelled the job
  kInterrupted = 130  // Ctrl-C
};

ExitCode ExitCodeOf(const absl::Status& status);
ExitCode ExitCodeOf(v1::JobState final_state);

}  // namespace hanga::cli
