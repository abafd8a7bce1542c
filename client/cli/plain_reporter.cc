// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// MakePlainReporter: lines for a log, at most one per tenth of a job.
#include <iostream>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/cli/progress_line.h"
#include "client/cli/reporter.h"

namespace hanga::cli {
namespace {

class PlainReporter : public Reporter {
 public:
  void OnJob(const v1::Job& job) override {
    const absl::Time now = absl::Now();
    const JobProgress progress = Progress(job, now);
    const Notable notable{job.state(), progress.images_done,
                          static_cast<int>(progress.fraction * 10)};
    absl::MutexLock lock(&mutex_);
    if (notable == last_) return;
    last_ = notable;
    std::cerr << PlainLine(job, now) << std::endl;
    if (const std::string failure = FailureText(job); !failure.empty()) {
      std::cerr << failure << std::endl;
    }
  }

  void OnPreview(const v1::Preview&, const std::string& path) override { PrintPath(path); }
  void OnImage(const v1::Artifact&, const std::string& path) override { PrintPath(path); }

  void OnNote(const std::string& text) override {
    absl::MutexLock lock(&mutex_);
    std::cerr << text << std::endl;
  }

  void OnError(const absl::Status& status) override {
    OnNote("hanga: " + std::string(status.message()));
  }

 private:
  struct Notable {
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
    uint32_t images_done = 0;
    int tenths = 0;
    bool operator==(const Notable&) const = default;
  };

  void PrintPath(const std::string& path) {
    absl::MutexLock lock(&mutex_);
    std::cout << path << std::endl;
  }

  absl::Mutex mutex_;
  Notable last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Reporter> MakePlainReporter() { return std::make_unique<PlainReporter>(); }

}  // namespace hanga::cli
