// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What Ctrl-C does to a job that this program started.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/cli/reporter.h"
#include "client/client.h"
#include "client/interrupt.h"

namespace hanga::cli {

// The first interrupt asks the server to cancel the job, which then ends as CANCELLED; the second
// ends the calls under `interrupt()` and leaves the job to itself. Thread-safe.
class JobCanceller {
 public:
  JobCanceller(client::Client& client, Reporter& reporter) : client_(client), reporter_(reporter) {}

  void SetJob(const std::string& name);
  void OnInterrupt(int count);

  client::Interrupt* interrupt() { return &interrupt_; }
  bool interrupted() const;

 private:
  void CancelNow(const std::string& name);

  client::Client& client_;
  Reporter& reporter_;
  client::Interrupt interrupt_;
  mutable absl::Mutex mutex_;
  std::string job_ ABSL_GUARDED_BY(mutex_);
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;  // was asked for; once is enough
};

}  // namespace hanga::cli
