// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// Tells the user what becomes of a job.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "hanga/v1/job.pb.h"

namespace hanga::cli {

// Paths of written files go to standard output, everything else to standard error; with --json all
// of it goes to standard output. Thread-safe.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void OnJob(const v1::Job& job) = 0;  // every change, the final state last
  virtual void OnPreview(const v1::Preview& preview, const std::string& path) = 0;
  virtual void OnImage(const v1::Artifact& artifact, const std::string& path) = 0;
  virtual void OnNote(const std::string& text) = 0;
  virtual void OnError(const absl::Status& status) = 0;
};

std::unique_ptr<Reporter> MakeBarReporter();    // a progress bar that is drawn over itself
std::unique_ptr<Reporter> MakePlainReporter();  // a line at each notable change
std::unique_ptr<Reporter> MakeJsonReporter();

// The bar on a terminal, else plain lines; JSON if asked for.
std::unique_ptr<Reporter> MakeReporter(bool json);

// One or more lines on why a job did not succeed; empty if it did or goes on.
std::string FailureText(const v1::Job& job);

}  // namespace hanga::cli
