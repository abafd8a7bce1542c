// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// MakeJsonReporter: one object a line.
#include <iostream>

#include "absl/synchronization/mutex.h"
#include "client/cli/json_lines.h"
#include "client/cli/reporter.h"

namespace hanga::cli {
namespace {

class JsonReporter : public Reporter {
 public:
  void OnJob(const v1::Job& job) override { Print(JsonLine("job", job)); }

  void OnPreview(const v1::Preview& preview, const std::string& path) override {
    v1::Preview without_data = preview;
    without_data.clear_data();
    Print(JsonLine("preview", without_data, path));
  }

  void OnImage(const v1::Artifact& artifact, const std::string& path) override {
    Print(JsonLine("artifact", artifact, path));
  }

  void OnNote(const std::string&) override {}

  void OnError(const absl::Status& status) override { Print(JsonErrorLine(status)); }

 private:
  void Print(const std::string& line) {
    absl::MutexLock lock(&mutex_);
    std::cout << line << std::endl;
  }

  absl::Mutex mutex_;
};

}  // namespace

std::unique_ptr<Reporter> MakeJsonReporter() { return std::make_unique<JsonReporter>(); }

}  // namespace hanga::cli
