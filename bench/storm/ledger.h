// Copyright 2026 The Hanga Authors
// SPDX-License-Identifier: Apache-2.0

// What the clients of a storm were told, against which the server is judged.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/client.h"
#include "hanga/v1/job.pb.h"

namespace hanga::bench {

struct Tally {
  uint64_t submitted = 0, succeeded = 0, failed = 0, cancelled = 0, expired = 0, images = 0;
};

// Everything that contradicts what was told before is kept as a violation. Thread-safe.
class Ledger {
 public:
  // The server has acknowledged a job; the same request may be acknowledged again.
  void Acknowledged(const std::string& request_id, const v1::Job& job);
  // It told a job's final state. Only the model "broken" and a full disk may make a job fail.
  void Ended(const v1::Job& job);
  // The same drawing has the same bytes, whoever drew it and however often it was begun anew.
  void Drawn(const v1::Job& job, const v1::Artifact& artifact);
  void Violation(std::string what);

  // One of the jobs that have not ended, one of the streams that are open: the `pick`-th, modulo.
  std::optional<std::string> LiveJob(uint64_t pick);
  void Interrupt(uint64_t pick);
  // Streams that a storm may break off, for as long as the scope lives.
  class StreamScope {
   public:
    StreamScope(Ledger& ledger, client::Interrupt& interrupt);
    ~StreamScope();

   private:
    Ledger& ledger_;
    client::Interrupt& interrupt_;
  };

  Tally tally();
  std::map<std::string, v1::JobState> jobs();  // final states; UNSPECIFIED: not told yet
  std::vector<std::string> violations();

 private:
  struct Entry {
    std::string request_id;
    v1::JobState final_state = v1::JOB_STATE_UNSPECIFIED;
    std::map<uint32_t, std::string> artifacts;  // SHA-256 by index
  };

  void AddViolation(std::string what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::map<std::string, Entry> jobs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> by_request_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> live_ ABSL_GUARDED_BY(mutex_);
  std::vector<client::Interrupt*> streams_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> drawings_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mutex_);
  Tally tally_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hanga::bench
