// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

#include "client/cli/reporter.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace hanga::cli {

std::unique_ptr<Reporter> MakeReporter(bool json) {
  if (json) return MakeJsonReporter();
  const char* terminal = std::getenv("TERM");
  const bool can_redraw = terminal != nullptr && std::string_view(terminal) != "dumb";
  return isatty(STDERR_FILENO) && can_redraw ? MakeBarReporter() : MakePlainReporter();
}

std::string FailureText(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_EXPIRED) {
    return absl::StrCat(job.name(), " expired: its deadline passed before a worker was free");
  }
  if (job.state() == v1::JOB_STATE_CANCELLED) return absl::StrCat(job.name(), " was cancelled");
  if (job.state() != v1::JOB_STATE_FAILED) return "";
  const v1::JobError& error = job.error();
  std::string text =
      absl::StrCat(job.name(), " failed: ", error.message(), " (", error.reason(), ")");
  if (!error.worker().empty()) absl::StrAppend(&text, ", last on ", error.worker());
  if (error.attempts() > 1) absl::StrAppend(&text, ", after ", error.attempts(), " attempts");
  if (!error.worker_stderr().empty()) {
    absl::StrAppend(&text, "\n", error.worker_stderr());
  }
  return text;
}

}  // namespace hanga::cli
