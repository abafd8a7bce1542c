// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// MakeBarReporter: one line of standard error, drawn over itself.
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/cli/progress_line.h"
#include "client/cli/reporter.h"
#include "client/client.h"

namespace hanga::cli {
namespace {

constexpr char kClearLine[] = "\r\033[K";

int TerminalWidth() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

class BarReporter : public Reporter {
 public:
  ~BarReporter() override {
    if (drawn_) std::cerr << std::endl;
  }

  void OnJob(const v1::Job& job) override {
    absl::MutexLock lock(&mutex_);
    // The last column stays free: a terminal may wrap after it.
    bar_ = BarLine(job, absl::Now(), TerminalWidth() - 1);
    std::cerr << kClearLine << bar_ << std::flush;
    drawn_ = true;
    if (!client::IsFinal(job.state())) return;
    std::cerr << std::endl;
    drawn_ = false;
    if (const std::string failure = FailureText(job); !failure.empty()) {
      std::cerr << failure << std::endl;
    }
  }

  void OnPreview(const v1::Preview&, const std::string& path) override { Print(std::cout, path); }
  void OnImage(const v1::Artifact&, const std::string& path) override { Print(std::cout, path); }
  void OnNote(const std::string& text) override { Print(std::cerr, text); }
  void OnError(const absl::Status& status) override {
    Print(std::cerr, "hanga: " + std::string(status.message()));
  }

 private:
  // Makes room for a line above the bar.
  void Print(std::ostream& stream, const std::string& text) {
    absl::MutexLock lock(&mutex_);
    if (drawn_) std::cerr << kClearLine << std::flush;
    stream << text << std::endl;
    if (drawn_) std::cerr << bar_ << std::flush;
  }

  absl::Mutex mutex_;
  std::string bar_ ABSL_GUARDED_BY(mutex_);
  bool drawn_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Reporter> MakeBarReporter() { return std::make_unique<BarReporter>(); }

}  // namespace hanga::cli
